import { Agent, request as send } from 'node:http'

type Options = {
  /** Two processes of one stop on one database: what is written through the one is read through the other. */
  urls: readonly [string, string]
  pairs: number
  connections: number
  /** Empties the table, now and then, so that lists stay short enough to be shared. */
  reset: () => Promise<void>
}

/**
 * Writes a word through one process and reads the list through the other, again and again, on many connections at once.
 *
 * @returns how many lists had not the word that was written, and acknowledged, before they were asked for
 */
export const countStale = async ({ urls, pairs, connections, reset }: Options): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let stale = 0
  let done = 0
  const pair = async (n: number): Promise<void> => {
    const [writer, reader] = n % 2 === 0 ? urls : urls.toReversed()
    const word = `word ${n} of ${pairs}`
    await ask(agent, `${writer}/words`, JSON.stringify({ word, definition: 'written just now' }))
    if (!(await ask(agent, `${reader}/words`)).includes(`"${word}"`)) stale++
  }
  while (done < pairs) {
    await reset()
    const last = Math.min(pairs, done + pairsPerTable)
    const worker = async () => {
      while (done < last) await pair(done++)
    }
    await Promise.all(Array.from({ length: connections }, worker))
  }
  agent.destroy()
  return stale
}

/** About 100 kB of JSON: less than lists share. */
const pairsPerTable = 1500

/** The body of an answer; with a body of its own, the request is a PUT. */
const ask = (agent: Agent, url: string, body?: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { 'content-type': 'application/json' }
  const options = body === undefined ? { agent } : { agent, method: 'PUT', headers }
  send(url, options, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (part) => (text += part))
    answer.on('end', () => {
      const status = answer.statusCode ?? 0
      if (status < 300) resolve(text)
      else reject(new Error(`${url} says ${status}: ${text}`))
    })
  })
    .once('error', reject)
    .end(body)
  return promise
}
