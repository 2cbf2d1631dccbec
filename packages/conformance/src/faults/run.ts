import type { FaultProxy, NetworkFault } from 'local-databases'
import { steadyNow } from '../steady.ts'
import { type App, type Stop, spawnStop } from '../stop.ts'
import { until } from '../until.ts'
import { type Call, callEvery, callOnce } from './calls.ts'
import { resourcesOf } from './resources.ts'
import { isFull } from './size.ts'
import type { Result } from './summary.ts'

/** The ways to a database, each through a proxy that can break it. */
export type Network = {
  /** The variables that lead a stop through the proxies. */
  env: Record<string, string>
  proxies: FaultProxy[]
  /** The stop's connections through each proxy while its whole pool is at work. */
  connections: number
}

export type Run = { title: string; fault: NetworkFault; ms: number }

/** How long a stop is watched when it is well again, and how often it is called then. */
const well = isFull ? { ms: 20_000, everyMs: 100 } : { ms: 0, everyMs: 50 }
const callsAfter = 100
/** By how much a process may differ from itself without anything being lost. */
export const noise = { sockets: 1, megabytes: 40 }

/** Runs a stop that is ready, with its whole pool in use once. */
export const startedStop = async (app: App, { env, proxies, connections }: Network): Promise<Stop> => {
  const stop = await spawnStop(app, env)
  try {
    await useAll(stop, proxies, connections)
    return stop
  } catch (error) {
    await stop.kill()
    throw error
  }
}

/** One stop, one fault: what became of the calls during it and after it. */
export const resultOf = async (
  stop: Stop,
  { proxies, connections }: Network,
  { title, fault, ms }: Run,
): Promise<Result> => {
  const before = await resourcesOf(stop)
  await setAll(proxies, fault)
  const startAt = steadyNow()
  await using calls = callEvery(stop, 100)
  // What is slow to close must be closed by somebody.
  const closing = setInterval(() => {
    if (fault.mode === 'slow-close') for (const proxy of proxies) proxy.dropServers()
  }, 1500)
  await until('the end of the fault', () => steadyNow() - startAt >= ms, ms + 5000).finally(() =>
    clearInterval(closing),
  )
  await setAll(proxies, { mode: 'pass' })
  // What is slow to close still closes for that time.
  const tailMs = fault.mode === 'slow-close' ? fault.ms : 0
  const passedAt = steadyNow()
  await until('the last to close', () => steadyNow() - passedAt >= tailMs, tailMs + 5000)
  const endAt = steadyNow()

  calls.every(well.everyMs)
  const successes = () => calls.all.filter((call) => isSuccess(call) && call.endAt > endAt)
  await until('a success after the fault', () => successes().length > 0, 20_000).catch((error: Error) => {
    const last = calls.all.slice(-3).map(({ status, reason }) => `${status} ${reason}`)
    throw new Error([error.message, 'The last answers:', ...last, stop.log().slice(-8_000)].join('\n'))
  })
  const firstAt = Math.min(...successes().map((call) => call.endAt))
  const afterIt = () => calls.all.filter((call) => call.startAt > firstAt)
  const isWatched = () => afterIt().length >= callsAfter && steadyNow() - endAt >= well.ms
  await until(`${callsAfter} calls after it`, isWatched, 60_000)
  await calls.stop()

  await useAll(stop, proxies, connections)
  const isBack = async () => {
    const now = await resourcesOf(stop)
    return (
      now.sockets <= before.sockets + noise.sockets && now.megabytes <= before.megabytes + noise.megabytes
    )
  }
  await until('sockets and memory to return', isBack, 10_000).catch(() => {}) // the test tells
  const after = await resourcesOf(stop)
  return {
    fault: title,
    calls: calls.all.length,
    slowestMs: Math.round(Math.max(...calls.all.map((call) => call.endAt - call.startAt))),
    failedDuring: calls.all.filter((call) => call.startAt < endAt && !isSuccess(call)).length,
    firstSuccessMs: Math.round(firstAt - endAt),
    wrong: calls.all.filter((call) => !isSuccess(call) && !(call.status === 503 && call.retryAfter)),
    failedAfter: afterIt().filter((call) => !isSuccess(call)),
    errors: stop
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":"error"')),
    sockets: [before.sockets, after.sockets],
    megabytes: [before.megabytes, after.megabytes],
  }
}

export const setAll = (proxies: FaultProxy[], fault: NetworkFault) =>
  Promise.all(proxies.map((proxy) => proxy.set(fault)))

const isSuccess = ({ status }: Call) => status !== 0 && status < 300

/**
 * Has the whole pool at work at once: while nothing passes for a moment, more reads wait than the pool has
 * connections. A slot that was lost is a connection that does not come about.
 */
const useAll = async (stop: Stop, proxies: FaultProxy[], connections: number) => {
  // What is lost is lost each time; what came late on a busy machine is not.
  for (let left = 4; ; left--) {
    try {
      return await useAllOnce(stop, proxies, connections)
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

const useAllOnce = async ({ url }: Stop, proxies: FaultProxy[], connections: number) => {
  const open = () => proxies.map((proxy) => proxy.count().open)
  await setAll(proxies, { mode: 'blackhole' })
  const reads = Promise.all(Array.from({ length: 4 * connections }, () => callOnce(url, 'read', '')))
  try {
    await until('them', () => open().every((count) => count >= connections), 500)
  } catch {
    throw new Error(`of ${connections} connections through each proxy there are ${open()}`)
  } finally {
    await setAll(proxies, { mode: 'pass' })
  }
  const refused = (await reads).filter((call) => !isSuccess(call))
  if (refused.length > 0) throw new Error(`a pool that is whole refused ${JSON.stringify(refused)}`)
}
