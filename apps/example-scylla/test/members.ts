import { describe, expect, test } from '@jest/globals'
import { type Stop, spawnStop, until } from 'conformance'
import { ProblemError } from 'contract'
import { type Cluster, rowsOf } from './database.ts'

/** Reads and writes by 32 clients, until `during` has ended; gives what failed, and every word acknowledged. */
const underLoad = async ({ client }: Stop, during: () => Promise<void>) => {
  const failed: unknown[] = []
  const acknowledged: string[] = []
  let slowestMs = 0
  let over = false
  const work = async (_: unknown, worker: number) => {
    for (let i = 0; !over; i++) {
      const word = `word ${worker} ${i} ${acknowledged.length}`
      const askedAt = performance.now()
      const request = i % 2 === 0 ? client.add({ word, definition: 'under load' }) : client.page(20)
      await request.then(
        () => i % 2 === 0 && acknowledged.push(word),
        (error) => failed.push(error),
      )
      slowestMs = Math.max(slowestMs, performance.now() - askedAt)
    }
  }
  const load = Promise.all(Array.from({ length: 32 }, work))
  await during().finally(() => {
    over = true
  })
  await load
  return { failed, acknowledged, slowestMs }
}

/** Declares the tests of what only a cluster of three members can show. */
export const testMembers = ({ env, admin, members, control }: Cluster): void =>
  describe('three members', () => {
    /** How many requests of the stop's user each member has served, as the members count them. */
    const served = async () => {
      const counts: number[] = []
      for (const host of admin.hosts.values()) {
        const rows = await rowsOf(admin, 'SELECT username, request_count FROM system_views.clients', [], {
          host,
        })
        counts.push(
          rows
            .filter(({ username }) => username === 'tour')
            .reduce((sum, row) => sum + Number(row.request_count), 0),
        )
      }
      return counts
    }

    test('requests reach all three members, whatever port they have', async () => {
      const stop = await spawnStop('example-scylla', env)
      try {
        for (let i = 0; i < 60; i++)
          await stop.client.add({ word: `word ${i}`, definition: 'for one of three' })
        expect(members).toHaveLength(3)
        const counts = await served()
        expect(counts).toHaveLength(3)
        for (const count of counts) expect(count).toBeGreaterThan(5)
      } finally {
        await stop.stop()
      }
    })

    test('the keyspace has a copy on each of the three members', async () => {
      const rows = await rowsOf(
        admin,
        "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
      )
      expect(rows).toEqual([
        { replication: { class: 'org.apache.cassandra.locator.NetworkTopologyStrategy', datacenter1: '3' } },
      ])
    })

    test('a member killed under load fails no request, and no acknowledged word is lost', async () => {
      const stop = await spawnStop('example-scylla', env)
      try {
        const { failed, acknowledged, slowestMs } = await underLoad(stop, async () => {
          const wrote = async (more: number) => {
            const goal =
              (await rowsOf(admin, 'SELECT count(*) AS n FROM grand_tour.words'))[0]?.n.toNumber() + more
            await until(
              `${more} more words`,
              async () => {
                const [row] = await rowsOf(admin, 'SELECT count(*) AS n FROM grand_tour.words')
                return row?.n.toNumber() >= goal
              },
              30_000,
            )
          }
          await wrote(200)
          await control(0, 'kill')
          await wrote(1000)
        })
        expect(failed).toEqual([])
        expect(slowestMs).toBeLessThan(3500)
        const stored = new Set((await stop.client.words()).map(({ word }) => word))
        expect(acknowledged.filter((word) => !stored.has(word))).toEqual([])
      } finally {
        await control(0, 'start')
        await stop.stop()
      }
    }, 120_000)

    test('two of three members down: 503 that names the consistency level; back when the second is', async () => {
      const stop = await spawnStop('example-scylla', env)
      try {
        const status = async () => (await fetch(`${stop.url}/readyz`)).status
        await Promise.all([control(1, 'kill'), control(2, 'kill')])
        await until('/readyz to say 503', async () => (await status()) === 503, 20_000)
        const error = await stop.client
          .add({ word: 'too', definition: 'few' })
          .catch((error: unknown) => error)
        expect(error).toBeInstanceOf(ProblemError)
        expect(error).toMatchObject({ problem: { status: 503 }, retryAfterSeconds: expect.any(Number) })
        const seen = new Set<string | undefined>()
        await until(
          'the reason',
          async () => {
            const { reason } = await stop.client.ready()
            seen.add(reason)
            return reason?.includes('the consistency level LOCAL_QUORUM needs')
          },
          30_000,
        ).catch((error) => {
          throw new Error(`${error.message}; instead: ${[...seen].join(' | ')}`)
        })

        await control(1, 'start')
        await until('/readyz to say 200', async () => (await status()) === 200, 30_000)
        await stop.client.add({ word: 'enough', definition: 'again' })
      } finally {
        // Whatever failed: the tests after this one need all three. One that runs already says so.
        await Promise.allSettled([control(1, 'start'), control(2, 'start')])
        await stop.stop()
      }
    }, 120_000)
  })
