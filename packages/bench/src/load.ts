import { spawnSync } from 'node:child_process'
import { loadByAutocannon } from './load-by-autocannon.ts'
import { loadByWrk } from './load-by-wrk.ts'

/** What is sent. `{n}` in the path, in a header or in the body is another twelve digits in every request. */
export type Request = {
  /** The digits are those of 0 to one less than that, again and again; of numbers that never came before without it. */
  repeats?: number
  method: 'GET' | 'PUT'
  path: string
  headers?: Record<string, string>
  body?: string
}

/** What every answer has to be, to the byte. */
export type Answer = { status: number; body: Buffer }

export type Load = {
  url: string
  request: Request
  expected: Answer
  connections: number
  seconds: number
}

/** What came back: `requests` right answers, and `failed` ones, with how many of them were what: `status 503`, say. */
export type Outcome = { requests: number; failed: number; faults?: Record<string, number>; seconds: number }

/** Seconds after which an answer is late: a stop promises one in four. */
export const lateAfter = 5

/** A load without any answer, or after which none comes, has a fault more: wrk counts what is late, not what never is. */
export const withSilence = (outcome: Outcome, isAnswered: boolean): Outcome => {
  if (isAnswered && outcome.requests + outcome.failed > 0) return outcome
  return { ...outcome, failed: outcome.failed + 1, faults: { ...outcome.faults, 'no answer': 1 } }
}

/** The faults of several outcomes in one line, the most frequent first. */
export const sumOfFaults = (outcomes: readonly Outcome[]): string => {
  const sums = new Map<string, number>()
  for (const [fault, count] of outcomes.flatMap(({ faults = {} }) => Object.entries(faults)))
    if (count > 0) sums.set(fault, (sums.get(fault) ?? 0) + count)
  const sorted = [...sums].sort(([, one], [, other]) => other - one)
  return sorted.map(([fault, count]) => `${count} × ${fault}`).join(', ')
}

/** `wrk -v` says its version, how to use it, and that this was wrong of us. */
const wrk = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
const hasWrk = wrk.error === undefined

/** The client in use, for the report. */
export const client: string = hasWrk ? (/wrk \S+/.exec(wrk.stdout)?.[0] ?? 'wrk') : 'autocannon'

/**
 * Sends one request after the other on each connection, as fast as they are answered, and checks every answer.
 *
 * The client is wrk where there is one: on one core it takes 62,000 answers of 8 kB a second and compares each whole
 * body, which is more than node:http can give. autocannon, the same with nothing to install, ends at 48,000, and would
 * then measure itself: see {@link loadByAutocannon}.
 */
export const load: (load: Load) => Promise<Outcome> = hasWrk ? loadByWrk : loadByAutocannon

let sent = 0

/** A number that no request of this run had, nor one of another run in the 27 hours before. */
export const firstNumber = (): number => {
  sent += 1
  // Twelve digits: the second, of 100,000, and room for ten million requests from there.
  return ((Math.floor(Date.now() / 1000) % 100_000) * 10_000_000 + sent) % 1e12
}
