import type { Running } from './contenders.ts'
import { load, type Outcome } from './load.ts'
import { latenciesAt } from './open-loop.ts'
import { cpuMsOf, forgetPeak } from './processes.ts'
import { type Reads, readsOf } from './statements.ts'

/** One round of load on one server. */
export type Round = Outcome & { cpuMs: number | undefined }

export type Effort = {
  rounds: number
  /** Of one round. */
  seconds: number
  /** In which all servers of a work have load at once. */
  warmUpSeconds: number
  /** Of the measurement of latencies; 0 for none. */
  latencySeconds: number
}

/** Puts load on servers that run, in rounds that begin with another one each time; then at a fixed rate for all. */
export const measureRounds = async (running: readonly Running[], effort: Effort): Promise<void> => {
  if (effort.warmUpSeconds > 0)
    await Promise.all(running.map((one) => put(one, Math.max(1, effort.warmUpSeconds))))
  for (const one of running) {
    forgetPeak(one.server.pid)
    one.readsBefore = await readsOf(one.server.url)
  }
  for (let round = 0; round < effort.rounds; round++) {
    const offset = round % running.length
    for (const one of [...running.slice(offset), ...running.slice(0, offset)]) {
      const before = cpuMsOf(one.server.pid)
      const outcome = await put(one, effort.seconds)
      const after = cpuMsOf(one.server.pid)
      const cpuMs = before === undefined || after === undefined ? undefined : after - before
      one.rounds.push({ ...outcome, cpuMs })
    }
  }
  for (const one of running)
    one.statementsPerRequest = perRequest(one.readsBefore, await readsOf(one.server.url))
  const rate = Math.min(...running.map(({ rounds }) => peakOf(rounds)).filter((peak) => peak > 0)) / 2
  if (effort.latencySeconds === 0 || !Number.isFinite(rate)) return
  for (const one of running.filter(({ rounds }) => peakOf(rounds) > 0)) {
    one.latencies = await latenciesAt(rate, { ...one.load, seconds: effort.latencySeconds })
    one.acknowledged += Math.round(rate * effort.latencySeconds) - one.latencies.failed
  }
}

/** Load on one server for some seconds. A client that fails is a round without a right answer. */
const put = async (one: Running, seconds: number): Promise<Outcome> => {
  const outcome = await load({ ...one.load, seconds }).catch(() => ({ requests: 0, failed: 1, seconds }))
  one.acknowledged += outcome.requests
  return outcome
}

const perRequest = (before: Reads | undefined, after: Reads | undefined): number | undefined => {
  const requests = (after?.requests ?? 0) - (before?.requests ?? 0)
  return before && after && requests > 0 ? (after.statements - before.statements) / requests : undefined
}

/** The most right answers a second of any round. */
export const peakOf = (rounds: readonly Outcome[]): number =>
  Math.max(0, ...rounds.map(({ requests, seconds }) => requests / seconds))
