import { sumOfFaults } from './load.ts'
import type { Measured } from './measure-load.ts'
import { median } from './median.ts'
import type { Latencies } from './open-loop.ts'
import type { Round } from './rounds.ts'

/** One server at one work. */
export type LoadResult = {
  kind: 'load'
  title: string
  server: string
  /** Requests that were answered wrongly or not at all, warm-up excepted; words that were acknowledged and not stored. */
  failed: number
  /** Why there is nothing to count, or what was wrong; null when nothing was. */
  fault: string | null
  /** Microseconds of processor time per request: the least of the rounds, and the median; null where it is not known. */
  cpuUs: { least: number; median: number } | null
  /** Right answers a second: the most of the rounds, and the median. */
  perSecond: { most: number; median: number }
  /** Part of its processor that the server used, in the median, 0 to 1: below 0.9 something else was the limit. */
  busy: number | null
  /**
   * At a fixed rate, medians of the rounds; times are null where that rate was not kept, p99 where there were too few of
   * them, and all is where it was not tried or where this client could not have kept it.
   */
  latencies: { rate: number; achieved: number; p50: number | null; p99: number | null } | null
  /** Whether it was compiled before the first round; null where that is not known. */
  isWarm: boolean | null
  /** Statements that the stop sent to its database for each request; null where it does not tell. */
  statementsPerRequest: number | null
  /** Megabytes. */
  idleRss: number | null
  peakRss: number | null
  listeningMs: number | null
}

/** The rounds of a server as one row. */
export const loadResultOf = ({ title }: { title: string }, measured: Measured): LoadResult => {
  const { server, rounds, latencies, fault, notStored, ...alone } = measured
  const cpu = rounds.flatMap((round) => cpuUsOf(round) ?? [])
  const busy = rounds.flatMap(({ cpuMs, seconds }) => (cpuMs === undefined ? [] : cpuMs / (seconds * 1000)))
  const wrong = [...rounds, ...latencies].reduce((sum, { failed }) => sum + failed, notStored)
  const perSecond = rounds.map(({ requests, seconds }) => requests / seconds)
  return {
    kind: 'load',
    title,
    server,
    failed: fault !== undefined && wrong === 0 ? 1 : wrong,
    fault: fault ?? (sumOfFaults(rounds) || null),
    cpuUs: cpu.length === 0 ? null : { least: Math.min(...cpu), median: median(cpu) },
    perSecond: { most: Math.max(0, ...perSecond), median: rounds.length === 0 ? 0 : median(perSecond) },
    busy: busy.length === 0 ? null : median(busy),
    latencies: shown(latencies),
    isWarm: alone.isWarm ?? null,
    statementsPerRequest: alone.statementsPerRequest ?? null,
    idleRss: alone.idleRss ?? null,
    peakRss: alone.peakRss ?? null,
    listeningMs: alone.listeningMs ?? null,
  }
}

/** What a round cost for every right answer; undefined where there was none: a wrong answer is never a cheap one. */
const cpuUsOf = ({ cpuMs, requests }: Round): number | undefined =>
  cpuMs === undefined || requests === 0 ? undefined : (cpuMs * 1000) / requests

/** Of its time, what the client may have had something to do: what is more was the client's limit. */
const mostBusy = 0.9
/** Milliseconds that the client may be late by itself: more is of a processor that others had. */
const mostLateMs = 5
/** Right answers of a round, of which the last three quarters count: of fewer, a hundredth is but one or two. */
const fewest = 300

const shown = (passes: readonly Latencies[]): LoadResult['latencies'] => {
  const middle = (figure: (pass: Latencies) => number) => median(passes.map(figure))
  if (passes.length === 0 || middle(({ clientBusy }) => clientBusy) > mostBusy) return null
  if (middle(({ clientLateMs }) => clientLateMs) > mostLateMs) return null
  const isKept = middle((pass) => Number(pass.isKept)) === 1
  const areEnough = middle(({ right }) => right.length) >= fewest
  return {
    rate: middle(({ rate }) => rate),
    achieved: middle(({ achieved }) => achieved),
    p50: isKept ? middle(({ p50 }) => p50) : null,
    p99: isKept && areEnough ? middle(({ p99 }) => p99) : null,
  }
}
