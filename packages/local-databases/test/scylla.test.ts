import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import cassandra from 'cassandra-driver'
import { cassandraCommand } from '../src/cassandra-config.ts'
import { ensureRoles } from '../src/cql-login.ts'
import { type Lease, type LeaseOptions, lease } from '../src/index.ts'
import { freshDirectory, processesOf, removeDirectories, tlsFault } from './machine.ts'

afterAll(removeDirectories)
afterEach(() => {
  jest.restoreAllMocks()
})

const options = (more: LeaseOptions = {}): LeaseOptions => ({
  way: 'native',
  directory: freshDirectory(),
  ...more,
})

const clientOf = async ({ env, members }: Lease, change: Partial<cassandra.ClientOptions> = {}) => {
  const [url] = (env.COMPOSE_SCYLLA_URL ?? '').split(',').map((one) => new URL(one))
  const client = new cassandra.Client({
    contactPoints: members.map(({ host, port }) => `${host}:${port}`),
    localDataCenter: 'datacenter1',
    protocolOptions: { port: members[0]?.port ?? 0 },
    authProvider: new cassandra.auth.PlainTextAuthProvider(url?.username ?? '', url?.password ?? ''),
    sslOptions: { ca: [readFileSync(env.PATH_TO_SCYLLA_CERT ?? '')], rejectUnauthorized: true },
    // What was sent to a member that is killed is sent to another.
    queryOptions: { isIdempotent: true },
    ...change,
  })
  await client.connect().catch(async (error: Error) => {
    await client.shutdown()
    throw error
  })
  return client
}

const isHere = await cassandraCommand().then(
  () => true,
  () => false,
)
const describeCassandra = isHere ? describe : describe.skip

// A stub, because an interruption between two statements cannot be timed: a cluster where the administrator can log in.
test('the default superuser is taken away also where an earlier start made the administrator and was ended', async () => {
  const { prototype } = cassandra.Client
  jest.spyOn(prototype, 'connect').mockImplementation(async () => {})
  jest.spyOn(prototype, 'shutdown').mockImplementation(async () => {})
  const execute = jest.spyOn(prototype, 'execute').mockImplementation(async () => ({}) as never)
  const members = [{ host: '127.0.0.1', port: 9042 }]
  const cluster = { members, authority: undefined, isExpectedToVerify: true }
  const context = { signal: new AbortController().signal, onEnd: () => {}, onProgress: () => {}, lock: 0 }
  await ensureRoles(cluster, { tour: 'x', admin: 'y' }, context)
  expect(execute.mock.calls).toEqual([['DROP ROLE IF EXISTS cassandra']])
})

describeCassandra('Cassandra with three members', () => {
  // Patient members: this machine may be busy, and their second is not what is shown here.
  const yaml = Object.fromEntries(
    ['read', 'write', 'range'].map((what) => [`${what}_request_timeout`, '10s']),
  )
  const given = options({ members: 3, cassandra: [{ yaml }, { yaml }, { yaml }] })
  const directory = given.directory ?? ''
  let database: Lease
  beforeAll(async () => {
    database = await lease('scylla', given)
  }, 240_000)
  afterAll(() => database.release(), 60_000)

  test('has each member in a rack of its own and up, over TLS that is verified, and says what it is', async () => {
    const client = await clientOf(database)
    const hosts = client.hosts
      .values()
      .map((host) => `${host.address} ${host.rack} ${host.isUp() ? 'up' : 'down'}`)
    const { port } = database.members[0] ?? {}
    expect(hosts.sort()).toEqual([1, 2, 3].map((n) => `127.0.0.${n}:${port} rack${n} up`))
    const { rows } = await client.execute('SELECT release_version FROM system.local')
    expect(rows[0]?.release_version).toMatch(/^5\.0\./)
    await client.shutdown()
    const ca = readFileSync(database.env.PATH_TO_SCYLLA_CERT ?? '', 'utf8')
    for (const member of database.members)
      expect(await tlsFault(member.host, member.port, ca)).toBeUndefined()
  })

  test.each([
    ['cassandra', 'cassandra'],
    ['tour', 'wrong'],
  ])('refuses %s with the password %s', async (user, password) => {
    const authProvider = new cassandra.auth.PlainTextAuthProvider(user, password)
    const refused = await clientOf(database, { authProvider }).then(
      () => 'let in',
      (error) => Object.values<Error>(error.innerErrors).map(({ name }) => name),
    )
    expect(new Set(refused)).toEqual(new Set(['AuthenticationError']))
  })

  test('goes on while one member is down, takes it back, and keeps what it acknowledged when all are killed', async () => {
    const client = await clientOf(database)
    const replication = "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}"
    await client.execute(`CREATE KEYSPACE grand_tour WITH replication = ${replication}`)
    await client.execute('CREATE TABLE grand_tour.t (id int PRIMARY KEY)')
    const insert = (id: number, consistency: number) =>
      client.execute('INSERT INTO grand_tour.t (id) VALUES (?)', [id], { prepare: true, consistency })
    const { all, one, quorum } = cassandra.types.consistencies
    await insert(1, all)
    await database.control(2, 'kill')
    await insert(2, quorum)
    await expect(insert(0, all)).rejects.toThrow(/Cannot achieve consistency|timed out|timeout/i)
    await database.control(2, 'start')
    await insert(3, all)
    const last = Promise.all(Array.from({ length: 100 }, (_, index) => insert(100 + index, one)))
    await last
    // At once: what is acknowledged may not wait for anything.
    for (const pid of processesOf(directory)) process.kill(pid, 'SIGKILL')
    await client.shutdown()

    database = await lease('scylla', given)
    const reader = await clientOf(database)
    const { rows } = await reader.execute('SELECT id FROM grand_tour.t', [], { consistency: all })
    const ids = rows.map((row) => row.id as number).filter((id) => id > 0)
    expect(ids.sort((a, b) => a - b)).toEqual([
      1,
      2,
      3,
      ...Array.from({ length: 100 }, (_, index) => 100 + index),
    ])
    await reader.shutdown()
    await database.release()
    expect(processesOf(directory)).toEqual([])
  }, 300_000)
})

describeCassandra('Cassandra with two members', () => {
  test('starts them once more where they hold one another for down', async () => {
    const given = options({ members: 2 })
    const lines: string[] = []
    const onProgress = (line: string) => {
      lines.push(line)
      // As long as it is paused, no role can be made; it goes on when it is told to end.
      if (line.startsWith('Making the roles') && lines.length < 4)
        for (const pid of processesOf(`${given.directory}/cassandra-2/member-2`)) process.kill(pid, 'SIGSTOP')
    }
    const database = await lease('scylla', { ...given, onProgress })
    expect(lines).toContainEqual(expect.stringContaining('starting them once more'))
    const client = await clientOf(database)
    expect(client.hosts.values().map((host) => host.isUp())).toEqual([true, true])
    await client.shutdown()
    await database.release()
  }, 300_000)
})

describeCassandra('Cassandra with one member', () => {
  test('serves an expired certificate when asked to, and a client that verifies refuses it', async () => {
    const database = await lease('scylla', options({ members: 1, certificate: 'expired' }))
    const ca = readFileSync(database.env.PATH_TO_SCYLLA_CERT ?? '', 'utf8')
    expect(await tlsFault('127.0.0.1', database.members[0]?.port ?? 0, ca)).toBe('CERT_HAS_EXPIRED')
    await database.release()
  }, 240_000)
})
