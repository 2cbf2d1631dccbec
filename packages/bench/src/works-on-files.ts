import { answerOf } from './answers.ts'
import type { Contender, Work } from './works.ts'

/** What a browser accepts. An ETag is that of one form of a file, so whoever asks for it has to ask for the same form. */
const packed = { 'accept-encoding': 'br, gzip' }

/** What needs no database. */
export const fileWorks = (): Work[] => [
  file('index', 'GET /, packed', 200, async () => ({ method: 'GET', path: '/', headers: packed })),
  file('index-304', 'GET /, unchanged', 304, async (url) => ({
    method: 'GET',
    path: '/',
    headers: { ...packed, 'if-none-match': String((await answerOf(`${url}/`, packed)).headers.etag) },
  })),
  file('script', 'GET the script of the page, packed', 200, async (url) => ({
    method: 'GET',
    path: /src="([^"]+\.js)"/.exec(String((await answerOf(`${url}/`, {})).body))?.[1] ?? '/no-script',
    headers: packed,
  })),
]

const file = (name: string, title: string, status: 200 | 304, request: Contender['request']): Work => ({
  name,
  title,
  rows: undefined,
  connections: 32,
  contenders: [
    { server: 'limit', request },
    { server: 'ours', request },
  ],
  status,
})
