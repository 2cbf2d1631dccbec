import { answerOf } from './answers.ts'
import type { ServerName } from './programs.ts'
import type { Work } from './works.ts'

const json = { 'content-type': 'application/json' }
/**
 * The whole list of a short table.
 *
 * @param servers those to compare, in the order of the report
 */
export const listWork = (rows: number, servers: readonly ServerName[]): Work => ({
  name: `words${rows}`,
  title: `GET /words, ${rows.toLocaleString('en')} rows`,
  rows,
  connections: 32,
  contenders: servers.map((server) => ({ server, request: async () => ({ method: 'GET', path: '/words' }) })),
  status: 200,
  answeredRows: rows,
})

/** The first hundred rows of a table and the last: a page that is far from the beginning is to cost nothing more. */
export const pageWork = (name: string, rows: number): Work => ({
  name,
  title: `GET /words?limit=100 of ${rows.toLocaleString('en')} rows`,
  rows,
  connections: 32,
  contenders: [
    {
      server: 'ours',
      as: 'ours, first page',
      request: async () => ({ method: 'GET', path: '/words?limit=100' }),
    },
    {
      server: 'ours',
      as: 'ours, last page',
      request: async (url) => ({ method: 'GET', path: await lastPage(url, rows) }),
    },
  ],
  status: 200,
  answeredRows: 100,
})

/** Goes from page to page to the one before the last hundred rows. */
const lastPage = async (url: string, rows: number): Promise<string> => {
  let path = '/words?limit=1000'
  for (let left = rows; left > 100; left -= 1000) {
    if (left <= 1000) path = path.replace('limit=1000', `limit=${left - 100}`)
    const { link } = (await answerOf(url + path, {})).headers
    path = /<([^>]+)>/.exec(String(link))?.[1] ?? ''
  }
  return path.replace(/limit=\d+/, 'limit=100')
}

/**
 * Words, one a request; and from the stop as it is once more, with a key for each word.
 *
 * @param servers those to compare, in the order of the report
 */
export const putWork = (servers: readonly ServerName[]): Work => {
  const key = { 'idempotency-key': '00000000-0000-4000-8000-{n}' }
  const contenders = [
    ...servers.map((server) => ({ server })),
    { server: 'ours', as: 'ours, with a key', headers: key },
  ] as const
  const marks = contenders.map((_, index) => `put ${index} `)
  return {
    name: 'put',
    title: 'PUT /words',
    rows: 1000,
    connections: 64,
    contenders: contenders.map((contender, index) => ({
      ...contender,
      request: async () => ({
        method: 'PUT',
        path: '/words',
        headers: { ...json, ...('headers' in contender && contender.headers) },
        body: `{"word":"${marks[index]}{n}","definition":"as long as the definitions of others are, mostly"}`,
      }),
    })),
    status: 204,
    marks,
  }
}
