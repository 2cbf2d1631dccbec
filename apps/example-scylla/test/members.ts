import { afterEach, describe, expect, test } from '@jest/globals'
import {
  inTime,
  isFull,
  machineMs,
  type Stop,
  spawnStop,
  steadyNow,
  undisturbed,
  until,
  watchDatabase,
} from 'conformance'
import { ProblemError } from 'contract'
import { faultProxy } from 'local-databases'
import { type Cluster, rowsOf } from './database.ts'

/** Declares the tests of what only a cluster of three members can show. */
export const testMembers = ({ env, admin, members, control, way }: Cluster): void =>
  describe('three members', () => {
    // Whatever failed: the tests after this one need all three. One that runs already says so.
    afterEach(async () => {
      await Promise.allSettled(members.keys().map((member) => control(member, 'start')))
    }, 120_000)

    /** How many requests of the stop's user each member has served, as the members count them; ScyllaDB's do not. */
    const served = async (stop: Stop) => {
      if (way === 'docker')
        return (await stop.client.connection()).live?.members.map(({ requests }) => requests) ?? []
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
        const counts = await served(stop)
        expect(counts).toHaveLength(3)
        for (const count of counts) expect(count).toBeGreaterThan(5)
      } finally {
        await stop.stop()
      }
    })

    // Members in containers advertise addresses that lead nowhere without a map.
    const natively = way === 'docker' ? test.skip : test
    natively('requests reach all three members where each has a port of its own, without a map', async () => {
      const proxies = await Promise.all(members.map((member) => faultProxy(member, { host: member.host })))
      const ports = members.map(({ host }, index) => `${host}:${proxies[index]?.port}`)
      const url = members.reduce(
        (urls, { host, port }, index) => urls.replace(`${host}:${port}`, ports[index] ?? ''),
        env.COMPOSE_SCYLLA_URL ?? '',
      )
      const stop = await spawnStop('example-scylla', { ...env, COMPOSE_SCYLLA_URL: url })
      try {
        // The driver takes the replicas in any order: of ninety, no member gets but three by chance (p < 1e-8).
        for (let i = 0; i < 90; i++) await stop.client.add({ word: `word ${i}`, definition: 'by a proxy' })
        const { live, state } = await stop.client.connection()
        expect(state).toBe('ok')
        expect(live?.members.map(({ address }) => address).sort()).toEqual(ports.sort())
        for (const { up, connections, requests } of live?.members ?? [])
          expect({ up, connections, isUsed: requests > 3 }).toEqual({
            up: true,
            connections: 1,
            isUsed: true,
          })
        // What is past the proxies agrees: one connection each, beside that of the stop's own look at the port.
        await until('one connection each', () => proxies.every((proxy) => proxy.count().open === 1))
      } finally {
        await stop.stop()
        await Promise.all(proxies.map((proxy) => proxy.close()))
      }
    })

    test('a member that is down when the schema is made is told, counted, and well again when it is back', async () => {
      // A member that starts takes processors from the other two, and these may then be late for the stop's questions.
      await using _ = watchDatabase(() => rowsOf(admin, 'SELECT role FROM system_auth.roles'))
      await undisturbed(seeThirdComeBack)
    }, 360_000)

    const seeThirdComeBack = async () => {
      await rowsOf(admin, 'DROP KEYSPACE IF EXISTS grand_tour', [], { prepare: false })
      await control(2, 'kill')
      const startedAt = steadyNow()
      const stop = await spawnStop('example-scylla', env)
      try {
        expect(steadyNow() - startedAt).toBeLessThan(12_000)
        const reportOfThird = async () => {
          const report = await stop.client.connection()
          const server = report.servers.at(-1)
          const member = report.live?.members.find(({ address }) => address === server?.server)
          return { report, steps: server?.steps.map(({ state }) => state), up: member?.up }
        }
        const down = await reportOfThird()
        expect(down).toMatchObject({ steps: ['ok', 'failed', 'skipped', 'skipped'], up: false })
        expect(down.report).toMatchObject({ state: 'warning', reason: null })
        expect(down.report.steps[0]?.found).toMatchObject({
          created: true,
          replication: { datacenter1: '3' },
        })
        expect(down.report.live?.events).toContainEqual(
          expect.objectContaining({
            what: 'member down',
            reason: expect.stringContaining('nothing listens on'),
          }),
        )

        await control(2, 'start')
        const isWell = async () => {
          const { report, steps, up } = await reportOfThird()
          return up && report.state === 'ok' && steps?.every((state) => state === 'ok')
        }
        await until('the member to be well again', isWell, 10_000)
        const { live } = await stop.client.connection()
        expect(live?.events.map(({ what }) => what)).toEqual(['connected', 'member down', 'member up'])
        expect(live?.nextAttemptMs).toBeNull()
        // A line for each reason, not for each attempt: while it starts, it may have one or two others.
        await until('the line that all is well', () => stop.log().includes('well again'))
        const reasons = stop.log().match(/"reason":"[^"]*","msg":"server unusable"/g) ?? []
        expect(reasons.length).toBeGreaterThan(0)
        expect(new Set(reasons).size).toBe(reasons.length)
        expect(stop.log().match(/well again/g)).toHaveLength(1)
      } finally {
        await stop.stop()
        await control(2, 'start').catch(() => {}) // it runs already, where all went well
      }
    }

    const testFull = isFull ? test : test.skip
    testFull(
      `a cluster that is not there at start: listens at once and says so; ready within ${inTime(2000)} of a quorum`,
      async () => {
        const each = [...members.keys()]
        await Promise.all(each.map((member) => control(member, 'kill')))
        const stop = await spawnStop('example-scylla', env, { waitUntilReady: false })
        try {
          const isToldOf = async () => (await stop.client.ready()).reason?.includes('nothing listens on')
          await until('the reason', isToldOf)
          await Promise.all(each.map((member) => control(member, 'start')))
          const upAt = steadyNow()
          await until('/readyz to say 200', async () => (await fetch(`${stop.url}/readyz`)).status === 200)
          expect(steadyNow() - upAt).toBeLessThan(2000)
          await stop.client.add({ word: 'later', definition: 'than the stop' }, { deadlineMs: 0 })
        } finally {
          await stop.stop()
        }
      },
      180_000,
    )

    test('the keyspace has a copy on each of the three members', async () => {
      const rows = await rowsOf(
        admin,
        "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
      )
      expect(rows).toEqual([
        { replication: { class: 'org.apache.cassandra.locator.NetworkTopologyStrategy', datacenter1: '3' } },
      ])
    })

    test('two of three members down: 503 that names the consistency level; back when the second is', async () => {
      const stop = await spawnStop('example-scylla', env)
      try {
        const status = async () => (await fetch(`${stop.url}/readyz`)).status
        await Promise.all([control(1, 'kill'), control(2, 'kill')])
        await until('/readyz to say 503', async () => (await status()) === 503, 20_000)
        const error = await stop.client
          .add({ word: 'too', definition: 'few' }, { deadlineMs: 0 })
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

        const isReported = async () =>
          /needs 2 replicas; alive: 1/.test(JSON.stringify(await stop.client.connection()))
        // A member takes others for alive until they have been silent for some 20 s, longer where the machine is slow.
        await until('the report to say so', isReported, 60_000)
        await until('the line', () => /needs 2 replicas; alive: 1/.test(stop.log()))

        await control(1, 'start') // resolves when the member answers
        const { host, port } = members[0] as Cluster['members'][number]
        const byFirst = { host: admin.hosts.get(`${host}:${port}`), readTimeout: 3000 }
        const hasQuorum = () =>
          rowsOf(admin, 'SELECT id FROM grand_tour.words LIMIT 1', [], byFirst).then(
            () => true,
            () => false,
          )
        await until('the first member to have noticed', hasQuorum, 30_000)
        const upAt = steadyNow()
        await until('/readyz to say 200', async () => (await status()) === 200, 30_000)
        expect(steadyNow() - upAt).toBeLessThan(2000 + machineMs)
        await stop.client.add({ word: 'enough', definition: 'again' })
      } finally {
        await stop.stop()
      }
    }, 180_000)
  })
