import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { begin, type Failed, type Running } from './contenders.ts'
import type { Latencies } from './open-loop.ts'
import { memoryOf } from './processes.ts'
import type { Database } from './programs.ts'
import { type Effort, measureRounds, peakOf, type Round } from './rounds.ts'
import { countWords } from './tables.ts'
import type { Work } from './works.ts'

/** Everything that was measured of one contender at one work. */
export type Measured = {
  server: string
  rounds: Round[]
  /** Why it was not measured, or not to the end. */
  fault?: string | undefined
  /** Words that it acknowledged, and that are not in the table. */
  notStored: number
  /** At half the peak of the slowest server of the work; undefined where it was not measured. */
  latencies?: Latencies | undefined
  statementsPerRequest?: number | undefined
  /** Megabytes: before the first request, and at most under load. */
  idleRss?: number | undefined
  peakRss?: number | undefined
  listeningMs?: number | undefined
}

export type Conditions = Effort & {
  /** Until a server that cannot serve is given up. */
  patienceMs?: number | undefined
  profileFolder?: string | undefined
  source?: boolean | undefined
}

/**
 * Starts the servers of the work, and puts load on one after the other, in rounds: a machine that gets slower or faster
 * meanwhile does so to all of them. Every round begins with another server. One that cannot be measured is a row that
 * says so, and keeps none of the others from being measured.
 */
export const measureLoad = async (
  work: Work,
  database: Database,
  conditions: Conditions,
): Promise<Measured[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const begun: (Running | Failed)[] = []
  const running = () => begun.filter((one) => 'server' in one)
  try {
    // The limit last: it gives the answer of another one.
    for (const contender of work.contenders.toSorted((a, b) => Number(isLimit(a)) - Number(isLimit(b))))
      begun.push(await begin(contender, work, database, conditions, folder, running()[0]?.load))
    await measureRounds(running(), conditions)
    const stored = work.marks && database ? await countWords(database, work.marks) : undefined
    return work.contenders.map((contender, index) => {
      const one = begun.find((each) => each.contender === contender)
      const inTable = stored?.get(work.marks?.[index] ?? '')
      return measuredOf(one ?? { contender, fault: 'it was not started' }, inTable)
    })
  } finally {
    await Promise.all(running().map(({ server }) => server.stop()))
    rmSync(folder, { recursive: true })
  }
}

const isLimit = ({ server }: { server: string }): boolean => server === 'limit'

/** @param inTable words of this contender that are stored; undefined where they are not counted */
const measuredOf = (one: Running | Failed, inTable: number | undefined): Measured => {
  const { contender } = one
  const label = { server: contender.as ?? contender.server }
  if ('fault' in one) return { ...label, rounds: [], fault: one.fault, notStored: 0 }
  const { server, acknowledged, rounds, latencies, statementsPerRequest, idleRss } = one
  const notStored = inTable === undefined ? 0 : Math.max(0, acknowledged - inTable)
  const fault =
    peakOf(rounds) === 0
      ? `no right answer; ${server.errors().trim()}`
      : notStored > 0
        ? `${notStored} of ${acknowledged} acknowledged words are not in the table`
        : undefined
  const { pid, listeningMs } = server
  return {
    ...label,
    rounds,
    fault,
    notStored,
    latencies,
    statementsPerRequest,
    idleRss,
    peakRss: memoryOf(pid)?.peak,
    listeningMs,
  }
}
