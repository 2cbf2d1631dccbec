import { join } from 'node:path'
import { rightAnswer } from './answers.ts'
import type { Answer, Load } from './load.ts'
import type { Conditions } from './measure-load.ts'
import type { Latencies } from './open-loop.ts'
import { memoryOf } from './processes.ts'
import type { Database } from './programs.ts'
import type { Round } from './rounds.ts'
import { type Server, startServer } from './servers.ts'
import type { Reads } from './statements.ts'
import type { Contender, Work } from './works.ts'

/** A contender that answers rightly, and what has been measured of it. */
export type Running = {
  contender: Contender
  server: Server
  load: Load
  rounds: Round[]
  /** Right answers of all that was ever sent, the warm-up included, but for those in `latencies`. */
  acknowledged: number
  latencies: Latencies[]
  /** Whether it had answered so often before the first round that what it does is compiled. */
  isWarm: boolean
  /** What it had done before the first round. */
  readsBefore: Reads | undefined
  statementsPerRequest: number | undefined
  idleRss: number | undefined
}

/** A contender that did not start, or whose first answer was wrong. */
export type Failed = { contender: Contender; fault: string }

/**
 * Starts a contender, and holds its first answer against the rows of the table.
 *
 * @param known what a stop was asked and answered, for the limit
 */
export const begin = async (
  contender: Contender,
  work: Work,
  database: Database,
  conditions: Conditions,
  known: Pick<Load, 'request' | 'expected'> | undefined,
): Promise<Running | Failed> => {
  const { server: name, as: label = name } = contender
  let server: Server | undefined
  try {
    server = await startServer(name, database, {
      env: name === 'limit' ? limitOf(known?.expected) : {},
      readyPath: name === 'limit' ? undefined : work.rows === undefined ? '/' : '/words?limit=1',
      patienceMs: conditions.patienceMs,
      profileFolder: conditions.profileFolder && join(conditions.profileFolder, `${work.name} ${label}`),
      source: conditions.source,
    })
    const idleRss = memoryOf(server.pid)?.rss
    const { url } = server
    const request = known && name === 'limit' ? known.request : await contender.request(url)
    const expected = await rightAnswer(work, url, request)
    const load = { url, request, expected, connections: work.connections, seconds: 0 }
    return {
      contender,
      server,
      load,
      rounds: [],
      acknowledged: 0,
      latencies: [],
      isWarm: false,
      readsBefore: undefined,
      statementsPerRequest: undefined,
      idleRss,
    }
  } catch (error) {
    await server?.stop()
    return { contender, fault: (error as Error).message.trim() }
  }
}

/** @throws when nobody has given an answer that it could give */
const limitOf = (answer: Answer | undefined): Record<string, string> => {
  if (answer === undefined) throw new Error('no server gave a right answer that this one could give')
  return { BODY: answer.body.toString('base64'), STATUS: String(answer.status) }
}
