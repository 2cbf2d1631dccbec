import type { Running } from './contenders.ts'
import { load, type Outcome, withSilence } from './load.ts'
import { isAnswered, latenciesAt } from './open-loop.ts'
import { cpuMsOf, forgetPeak, untilIdle } from './processes.ts'
import { type Reads, readsOf } from './statements.ts'

/** One round of load on one server. */
export type Round = Outcome & { cpuMs: number | undefined }

export type Effort = {
  rounds: number
  /** Of one round. */
  seconds: number
  /** In which all servers of a work have load at once, at most: until each was answered often enough; 0 for none. */
  warmUpSeconds: number
  /** Of one round at a fixed rate; 0 for none. */
  latencySeconds: number
}

/** Puts load on servers that run, in rounds; then in rounds at a fixed rate for all. */
export const measureRounds = async (running: readonly Running[], effort: Effort): Promise<void> => {
  await warmUp(running, effort.warmUpSeconds)
  for (const one of running) {
    one.isWarm = one.acknowledged >= warmAfter
    forgetPeak(one.server.pid)
    one.readsBefore = await readsOf(one.server.url)
  }
  await inTurns(running, effort.rounds, async (one) => {
    one.rounds.push(await put(one, effort.seconds))
  })
  for (const one of running)
    one.statementsPerRequest = perRequest(one.readsBefore, await readsOf(one.server.url))
  const able = running.filter(({ rounds }) => peakOf(rounds) > 0)
  const [first] = able
  if (effort.latencySeconds === 0 || first === undefined) return
  const rate = Math.min(...able.map(({ rounds }) => peakOf(rounds))) / 2
  const atRate = ({ load }: Running) => latenciesAt(rate, { ...load, seconds: effort.latencySeconds })
  // Once for nothing: while this client is compiled it is slow, and not the server.
  first.acknowledged += (await atRate(first)).right.length
  await inTurns(able, effort.rounds, async (one) => {
    one.latencies.push(await atRate(one))
  })
}

/**
 * Rounds that begin with another one each time, and go backwards every second time: nobody is always the first, nor always
 * after the same.
 */
const inTurns = async <One>(
  all: readonly One[],
  rounds: number,
  work: (one: One) => Promise<void>,
): Promise<void> => {
  for (let round = 0; round < rounds; round++) {
    const step = round % 2 === 0 ? 1 : -1
    for (let n = 0; n < all.length; n++) {
      const one = all.at((round + step * n) % all.length)
      if (one !== undefined) await work(one)
    }
  }
}

/**
 * How often a server has to have answered until what it does is compiled: in the 4,000 answers after its start, each took the
 * stop 1.5 times the processor time of later ones, and the floor 1.2 times.
 */
const warmAfter = 10_000

/** A second of load on all at once, and again on those that have not answered often enough. */
const warmUp = async (running: readonly Running[], seconds: number): Promise<void> => {
  for (let left = seconds; left > 0; left--) {
    const cold = running.filter(({ acknowledged }) => acknowledged < warmAfter)
    await Promise.all(cold.map((one) => put(one, 1)))
  }
}

/**
 * Load on one server for some seconds. Then one request alone has to be answered, and all that the server was asked for
 * done: clients leave requests behind, and on CQL their queries would run into the next server's round. A client that fails is
 * a round without a right answer.
 */
const put = async (one: Running, seconds: number): Promise<Round> => {
  const cpuMs = () => cpuMsOf(one.server.pid)
  const before = cpuMs()
  const outcome = await load({ ...one.load, seconds }).catch(() => ({ requests: 0, failed: 1, seconds }))
  const after = cpuMs()
  const isStillAnswered = await isAnswered(one.load)
  await untilIdle(cpuMs)
  one.acknowledged += outcome.requests + Number(isStillAnswered)
  return {
    ...withSilence(outcome, isStillAnswered),
    cpuMs: before === undefined || after === undefined ? undefined : after - before,
  }
}

const perRequest = (before: Reads | undefined, after: Reads | undefined): number | undefined => {
  const requests = (after?.requests ?? 0) - (before?.requests ?? 0)
  return before && after && requests > 0 ? (after.statements - before.statements) / requests : undefined
}

/** The most right answers a second of any round. */
export const peakOf = (rounds: readonly Outcome[]): number =>
  Math.max(0, ...rounds.map(({ requests, seconds }) => requests / seconds))
