import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { NetworkFault } from 'local-databases'
import { callOnce } from './faults/calls.ts'
import { type Network, noise, type Run, resultOf, setAll, startedStop } from './faults/run.ts'
import { inTime, isFull, machineMs } from './faults/size.ts'
import { type Result, summaryOf } from './faults/summary.ts'
import { steadyNow, undisturbed, watchDatabase } from './steady.ts'
import { type App, spawnStop } from './stop.ts'
import { until } from './until.ts'

type Subject = {
  app: App
  /** Makes proxies of their own for each fault, which happens to a stop of its own. */
  network: () => Promise<Network>
  /** Asks the database itself for what takes it longest, all words, past the proxies. */
  ask: () => Promise<unknown>
  /** How many of them at once, so that the machine is busy with the faults and not with itself. */
  atOnce: number
}

const faults: Record<string, NetworkFault> = {
  latency: { mode: 'latency', ms: 300, jitterMs: 200 },
  down: { mode: 'down' },
  reset: { mode: 'reset' },
  'black hole': { mode: 'blackhole' },
  'black hole that forgets': { mode: 'blackhole', forgets: true },
  'slow close': { mode: 'slow-close', ms: 1000 },
  'limited data': { mode: 'limit', bytes: 8_000 },
}
const shortMs = isFull ? 20_000 : 5_000
const runs: Run[] = [
  ...Object.entries(faults).map(([title, fault]) => ({ title, fault, ms: shortMs })),
  ...(isFull ? [{ title: 'down for 5 minutes', fault: { mode: 'down' } as const, ms: 300_000 }] : []),
]

/**
 * Declares the tests of what a stop does while the network to its database is broken, and when it is well again.
 * Call it at the top of a test file; the summary is printed when its tests have run.
 */
export const testFaults = (name: string, subject: Subject): void =>
  describe(`faults: ${name}`, () => {
    const results: Result[] = []
    let running: Map<string, Promise<void>> | undefined
    let watching: AsyncDisposable | undefined
    beforeAll(() => {
      watching = watchDatabase(subject.ask)
    })
    afterAll(async () => {
      await watching?.[Symbol.asyncDispose]()
      process.stdout.write(summaryOf(`faults: ${name}`, results))
    })

    test.each(runs.map(({ title }) => title))(
      `%s: every call is answered within ${inTime(3500)}, and ${inTime(2000)} after the fault all is as it was before`,
      async (title) => {
        running ??= startAll(subject, results)
        if (!running.has(title)) throw new Error(`there is no run ${title}`)
        await running.get(title)
      },
      600_000,
    )

    test(`not there at start: listens at once, /readyz says what is waited for, ready within ${inTime(2000)} of it`, async () => {
      await undisturbed(() => expectReadyOnceThere(subject))
    }, 180_000)
  })

const expectReadyOnceThere = async ({ app, network }: Subject) => {
  const { env, proxies } = await network()
  await setAll(proxies, { mode: 'down' })
  const stop = await spawnStop(app, env, { waitUntilReady: false, deadlineMs: 10_000 })
  try {
    const isToldOf = async () => (await stop.client.ready()).reason?.includes('ECONNREFUSED')
    await until('/readyz to say what is waited for', isToldOf)
    expect(await callOnce(stop.url, 'read', '')).toMatchObject({ status: 503, retryAfter: '1' })
    await setAll(proxies, { mode: 'pass' })
    const upAt = steadyNow()
    await until('a success', async () => (await callOnce(stop.url, 'read', '')).status === 200)
    expect(steadyNow() - upAt).toBeLessThanOrEqual(2000 + machineMs)
  } finally {
    await stop.kill()
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
}

const expectAsBefore = (result: Result) => {
  expect(result.errors).toEqual([])
  expect(result.wrong).toEqual([])
  expect(result.slowestMs).toBeLessThanOrEqual(3500 + machineMs)
  expect(result.firstSuccessMs).toBeLessThanOrEqual(2000 + machineMs)
  expect(result.failedAfter).toEqual([])
  const { sockets, megabytes } = result
  expect(sockets[1]).toBeLessThanOrEqual(sockets[0] + noise.sockets)
  expect(megabytes[1]).toBeLessThanOrEqual(megabytes[0] + noise.megabytes)
}

/** Runs all of them, some at once; each stop has its fault as soon as it runs, so that no two end at the same moment. */
const startAll = ({ app, network, atOnce }: Subject, results: Result[]): Map<string, Promise<void>> => {
  const outcomes = new Map(runs.map(({ title }) => [title, Promise.withResolvers<void>()]))
  const rest = runs.values()
  let starting: Promise<unknown> = Promise.resolve()
  const work = async () => {
    for (const run of rest) {
      const outcome = outcomes.get(run.title)
      const once = async () => {
        const ways = await network()
        const started = starting.then(() => startedStop(app, ways))
        starting = started.catch(() => {}) // told by its own test
        try {
          const stop = await started
          const result = await resultOf(stop, ways, run).finally(() => stop.kill())
          results.push(result)
          expectAsBefore(result)
        } finally {
          await Promise.all(ways.proxies.map((proxy) => proxy.close()))
        }
      }
      await undisturbed(once).then(outcome?.resolve, outcome?.reject)
    }
  }
  for (let i = 0; i < atOnce; i++) void work()
  const promises = [...outcomes].map(([title, { promise }]) => [title, promise] as const)
  for (const [, promise] of promises) promise.catch(() => {}) // told by its own test
  return new Map(promises)
}
