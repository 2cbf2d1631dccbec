import { describe, expect, test } from '@jest/globals'
import {
  type Call,
  inTime,
  isFull,
  machineMs,
  spawnStop,
  steadyNow,
  testStopping,
  underLoad,
  undisturbed,
  until,
} from 'conformance'
import type { FaultProxy } from 'local-databases'
import { type Cluster, freshCluster } from './database.ts'
import { networkTo } from './faults.ts'

/** How long a member is gone, the load before and after that, and the time between two requests of a client. */
const [goneMs, aroundMs, pauseMs] = isFull ? [20_000, 5_000, 0] : [4_000, 1_000, 50]

type Lasts = () => Promise<void>

/** Declares the tests of what one member of three can do to requests: nothing, whatever becomes of it. */
export const testDisturbances = (cluster: Cluster): void =>
  describe('disturbances', () => {
    const { env, members, control } = cluster
    const disturbances: [string, (lasts: Lasts, proxy: FaultProxy) => Promise<void>][] = [
      [
        'killed, and started again',
        async (lasts) => {
          await control(0, 'kill')
          await lasts()
          await control(0, 'start')
        },
      ],
      [
        'paused, and resumed',
        async (lasts) => {
          await control(0, 'pause')
          await lasts()
          await control(0, 'resume')
        },
      ],
      [
        'cut off, and reachable again',
        async (lasts, proxy) => {
          await proxy.set({ mode: 'blackhole' })
          await lasts()
          await proxy.set({ mode: 'pass' })
        },
      ],
    ]
    test.each(disturbances)(
      `one of three is %s: no request of 32 clients fails, none takes over ${inTime(3500)}`,
      async (what, disturb) => {
        const seen = () =>
          underDisturbance(cluster, what, async (lasts, [first, ...others]) => {
            const before = others.map((proxy) => proxy.count())
            await disturb(lasts, first as FaultProxy)
            // The members that are well stay connected, by the very connections they had.
            expect(others.map((proxy) => proxy.count())).toEqual(before)
          })
        await undisturbed(seen)
      },
      540_000,
    )

    const testFull = isFull ? test : test.skip
    testFull(
      `all three restarted, one after the other: no request of 32 clients fails, none takes over ${inTime(3500)}`,
      async () => {
        const seen = () =>
          underDisturbance(cluster, 'rolling restart', async () => {
            for (const member of members.keys()) {
              await control(member, 'stop')
              await control(member, 'start') // resolves when every member sees all others up
            }
          })
        await undisturbed(seen)
      },
      300_000,
    )

    testFull(
      'one of three is paused, and the members have their default time-outs: no write fails; a read may be told 503',
      async () => {
        const yaml = {
          read_request_timeout: '5000ms',
          range_request_timeout: '10000ms',
          write_request_timeout: '2000ms',
        }
        const patient = await freshCluster({ cassandra: [{ yaml }, { yaml }, { yaml }] })
        try {
          const pause = async (lasts: Lasts) => {
            await patient.control(0, 'pause')
            await lasts()
            await patient.control(0, 'resume')
          }
          const isReadNotServed = ({ kind, status }: Call) => kind !== 'write' && status === 503
          await undisturbed(() =>
            underDisturbance(patient, 'paused, default time-outs', pause, isReadNotServed),
          )
        } finally {
          await patient.release()
        }
      },
      300_000,
    )

    testStopping('ScyllaDB', {
      app: 'example-scylla',
      // The members keep to themselves how a connection ended, so the proxies before them look.
      watched: async () => {
        const { env: behind, proxies } = await networkTo({ env, members })
        return {
          env: behind,
          brokenOff: () => proxies.reduce((sum, proxy) => sum + proxy.brokenOff(), 0),
          close: () => Promise.all(proxies.map((proxy) => proxy.close())),
        }
      },
    })
  })

/** A stop that 32 clients use while something happens to the cluster; nothing that was acknowledged is lost. */
const underDisturbance = async (
  { env, members, control }: Cluster,
  what: string,
  disturb: (lasts: Lasts, proxies: FaultProxy[]) => Promise<void>,
  mayFail: (call: Call) => boolean = () => false,
) => {
  const { env: behind, proxies } = await networkTo({ env, members })
  const stop = await spawnStop('example-scylla', behind)
  const load = underLoad(stop, pauseMs)
  /** Waits while requests are served, or are not. */
  const during = (ms: number) => {
    const end = steadyNow() + ms
    return until('it to have lasted', () => steadyNow() > end, ms + 5000)
  }
  try {
    await during(aroundMs)
    await disturb(() => during(goneMs).then(() => {}), proxies)
    await until('all to be connected', () => proxies.every((proxy) => proxy.count().open > 0), 20_000)
    await during(aroundMs)
    await until('enough requests', () => load.all.length > 300, 60_000)
    await load.end()
    const figures = `${load.all.length} requests, ${load.failed().length} failed, slowest ${Math.round(load.slowestMs())} ms`
    process.stdout.write(`\ndisturbances: ScyllaDB, ${what}\n  ${figures}\n`)
    expect(load.slowestMs()).toBeLessThan(3500 + machineMs)
    const stored = new Set((await stop.client.words()).map(({ word }) => word))
    expect(load.acknowledged().filter((word) => !stored.has(word))).toEqual([])
    expect(load.failed().filter((call) => !mayFail(call))).toEqual([])
  } finally {
    await load.end()
    // Whatever failed: the tests after this one need all three. One that runs already says so.
    await Promise.allSettled(members.keys().flatMap((one) => [control(one, 'resume'), control(one, 'start')]))
    await stop.stop()
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }
}
