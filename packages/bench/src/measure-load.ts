import { begin, type Failed, type Running } from './contenders.ts'
import type { Latencies } from './open-loop.ts'
import { memoryOf } from './processes.ts'
import type { Database } from './programs.ts'
import { type Effort, measureRounds, peakOf, type Round } from './rounds.ts'
import { notStored, wordsOf } from './tables.ts'
import type { Work } from './works.ts'

/** Everything that was measured of one contender at one work. */
export type Measured = {
  server: string
  rounds: Round[]
  /** Why it was not measured, or not to the end. */
  fault?: string | undefined
  /** Words that it acknowledged, and that are not in the table. */
  notStored: number
  /** At half the peak of the slowest server of the work, one for each round; none where it was not measured. */
  latencies: Latencies[]
  isWarm?: boolean | undefined
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
 * meanwhile does so to all of them. One that cannot be measured is a row that says so, and keeps none of the others from
 * being measured.
 */
export const measureLoad = async (
  work: Work,
  database: Database,
  conditions: Conditions,
): Promise<Measured[]> => {
  const begun: (Running | Failed)[] = []
  const running = () => begun.filter((one) => 'server' in one)
  try {
    // The limit last: it gives the answer of another one.
    for (const contender of work.contenders.toSorted((a, b) => Number(isLimit(a)) - Number(isLimit(b))))
      begun.push(await begin(contender, work, database, conditions, running()[0]?.load))
    await measureRounds(running(), conditions)
    const all = work.contenders.map(
      (contender) =>
        begun.find((each) => each.contender === contender) ?? { contender, fault: 'it was not started' },
    )
    const { marks } = work
    const lost = marks && database && (await notStored(wordsOf(database), marks, all.map(acknowledgedBy)))
    return all.map((one, index) => measuredOf(one, lost?.[index] ?? 0))
  } finally {
    await Promise.all(running().map(({ server }) => server.stop()))
  }
}

const isLimit = ({ server }: { server: string }): boolean => server === 'limit'

const acknowledgedBy = (one: Running | Failed) =>
  'fault' in one
    ? { known: [], others: 0 }
    : { known: one.latencies.flatMap(({ right }) => right), others: one.acknowledged }

/** @param notStored words that were acknowledged and are not in the table */
const measuredOf = (one: Running | Failed, notStored: number): Measured => {
  const { contender } = one
  const label = { server: contender.as ?? contender.server }
  if ('fault' in one) return { ...label, rounds: [], latencies: [], fault: one.fault, notStored: 0 }
  const { server, rounds, latencies, isWarm, statementsPerRequest, idleRss } = one
  const fault =
    peakOf(rounds) === 0
      ? `no right answer; ${server.errors().trim()}`
      : notStored > 0
        ? `${notStored} acknowledged words are not in the table`
        : undefined
  const { pid, listeningMs } = server
  return {
    ...label,
    rounds,
    fault,
    notStored,
    latencies,
    isWarm,
    statementsPerRequest,
    idleRss,
    peakRss: memoryOf(pid)?.peak,
    listeningMs,
  }
}
