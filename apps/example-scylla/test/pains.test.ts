import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { types } from 'cassandra-driver'
import { undisturbed, until } from 'conformance'
import { faultProxy } from 'local-databases'
import { certificatesFor } from 'local-databases/certificates'
import { readConfig } from '../src/config.ts'
import { refusal } from '../src/errors.ts'
import { attempt, stepOf } from './attempt.ts'
import { freshCluster, rowsOf } from './database.ts'
import { testDiagnosis } from './diagnosis.ts'
import { frontOf } from './front.ts'

const run = promisify(execFile)

// Two members of one rack, who say that they are where they cannot be reached, and who want a right for everything.
const advertised = [1, 2].map((n) => `127.9.9.${n}`)
const cluster = await freshCluster({
  way: 'native',
  members: 2,
  cassandra: advertised.map((broadcast_rpc_address) => ({
    rack: 'rack1',
    yaml: { broadcast_rpc_address, authorizer: 'CassandraAuthorizer', permissions_validity: '0ms' },
  })),
})
afterAll(cluster.release)

const { admin, members, directory } = cluster
const [first, second] = members as [(typeof members)[0], (typeof members)[0]]
const { username: user, password } = new URL(cluster.env.COMPOSE_SCYLLA_URL?.split(',')[0] ?? '')
const urlTo = (host: string, port: number, as = `${user}:${password}`) => `https://${as}@${host}:${port}`
const envTo = (...urls: string[]) => ({ ...cluster.env, COMPOSE_SCYLLA_URL: urls.join(',') })
const atBoth = envTo(...members.map(({ host, port }) => urlTo(host, port)))
const maps = Object.fromEntries(
  members.map(({ host, port }, index) => [`${advertised[index]}:${port}`, `${host}:${port}`]),
)
const good = { ...atBoth, COMPOSE_SCYLLA_MAPS: JSON.stringify(maps) }
const ddl = (cql: string) => rowsOf(admin, cql, [], { prepare: false })
const withoutSchema = () => ddl('DROP KEYSPACE IF EXISTS grand_tour')

let ca: string
/** For the name localhost alone; and for that and its address, but for ten more days only. */
let byName: Awaited<ReturnType<typeof certificatesFor>>
let ending: typeof byName
beforeAll(async () => {
  ca = await readFile(cluster.env.PATH_TO_SCYLLA_CERT ?? '', 'utf8')
  byName = await certificatesFor(join(directory, 'by-name'), [['localhost']], 'good')
  ending = await certificatesFor(join(directory, 'ending'), [['localhost', '127.0.0.1']], 'ending')
  await ddl(`GRANT ALL ON ALL KEYSPACES TO ${user}`)
})

describe('names and ports', () => {
  test('of several members that cannot be used, each is told with its own reason (pains 1, 2 and 8)', async () => {
    const plain = await faultProxy(first)
    await plain.set({ mode: 'limit', bytes: 1 })
    await attempt(
      envTo(urlTo('no-such-host.invalid', 9042), urlTo('127.0.0.1', 1), urlTo(plain.host, plain.port)),
      ({ report, log }) => {
        expect(report.state).toBe('failed')
        expect(report.reason).toMatch(
          /COMPOSE_SCYLLA_URL: (host no-such-host\.invalid not found|the name server does not answer for)/,
        )
        expect(report.reason).toContain('nothing listens on 127.0.0.1:1 (ECONNREFUSED)')
        expect(report.reason).toContain(
          `127.0.0.1:${plain.port} closed the connection during the TLS handshake`,
        )
        expect([0, 1, 2].map((server) => report.servers[server]?.steps.map(({ state }) => state))).toEqual([
          ['failed', 'skipped', 'skipped', 'skipped'],
          ['ok', 'failed', 'skipped', 'skipped'],
          ['ok', 'ok', 'failed', 'skipped'],
        ])
        expect(report.steps.map(({ state }) => state)).toEqual(['skipped', 'skipped'])
        expect(log).toHaveLength(1)
      },
    )
    await plain.close()
  })

  test('a port on which nothing listens over IPv6 is told as that (pain 14)', async () => {
    await attempt(envTo(urlTo('[::1]', first.port)), ({ report }) => {
      expect(report.reason).toMatch(
        // The second where this machine has no IPv6.
        /nothing listens on \[::1\]:\d+ \(ECONNREFUSED\)|\[::1\]:\d+ cannot be reached \(EADDRNOTAVAIL\)/,
      )
      expect(stepOf(report, 'port', 0)?.state).toBe('failed')
    })
  })

  test('one of three names that does not resolve is a warning, told once, while the others serve (pain 2)', async () => {
    const three = envTo(urlTo('no-such-host.invalid', 9042), atBoth.COMPOSE_SCYLLA_URL)
    // It may be a member that is still to come, and a keyspace keeps the copies that it is made with.
    await withoutSchema()
    await attempt({ ...good, ...three }, ({ report }) => {
      expect(report.reason).toContain('the cluster has 2 of the 3 members that the URL names')
      expect(stepOf(report, 'schema')?.state).toBe('failed')
    })
    await attempt(good, ({ report }) => expect(report.reason).toBeNull())
    await attempt({ ...good, ...three }, ({ report, log }) => {
      expect(report).toMatchObject({ state: 'warning', reason: null })
      expect(stepOf(report, 'name', 0)).toMatchObject({ state: 'failed', found: null })
      expect(stepOf(report, 'login', 1)?.state).toBe('ok')
      const lines = log.filter(({ fields }) => fields.of === 'no-such-host.invalid:9042')
      expect(lines).toMatchObject([{ level: 'warn', message: 'server unusable' }])
    })
  })

  test('a cluster that starts later is waited for, and used within 2 s (pain 15)', async () => {
    const startLater = async () => {
      await using proxy = await faultProxy(first)
      await proxy.set({ mode: 'down' })
      await attempt(envTo(urlTo(proxy.host, proxy.port)), async ({ report, database }) => {
        expect(report.reason).toContain(`nothing listens on 127.0.0.1:${proxy.port} (ECONNREFUSED)`)
        await proxy.set({ mode: 'pass' })
        await until('the cluster to be used', () => database.status().ready, 2000)
      })
    }
    await undisturbed(startLater)
  })
})

describe('certificates', () => {
  test('a certificate for a name alone is verified by that name, though the driver dials an address (pain 5)', async () => {
    const front = await frontOf({ member: first, ca, certificates: byName })
    const env = { PATH_TO_SCYLLA_CERT: byName.authority }
    await attempt({ ...envTo(urlTo('localhost', front.port)), ...env }, ({ report }) => {
      expect(report.reason).toBeNull()
      expect(stepOf(report, 'certificate', 0)).toMatchObject({
        state: 'ok',
        ms: expect.any(Number),
        found: { protocol: 'TLSv1.3', cipher: expect.any(String), verified: true, names: ['localhost'] },
      })
    })
    await attempt({ ...envTo(urlTo('127.0.0.1', front.port)), ...env }, ({ report }) => {
      expect(report.reason).toBe(
        `COMPOSE_SCYLLA_URL: the certificate of 127.0.0.1:${front.port} is for localhost; you connect to 127.0.0.1. Connect to a name that it carries, or have one issued for 127.0.0.1.`,
      )
    })
    front.close()
  })

  // With a stub of the name server: not every machine that runs the tests has a name of two addresses.
  test('minimal.ts verifies a name at whichever of its addresses the driver dials (pain 5), and gives each member a copy', async () => {
    await withoutSchema()
    const front = await frontOf({ member: first, ca, certificates: byName })
    const names = `
      import dns from 'node:dns/promises'
      import { syncBuiltinESMExports } from 'node:module'
      const all = [{ address: '::1' }, { address: '127.0.0.1' }]
      dns.lookup = async (name, options) => (options?.all ? all : all[0])
      syncBuiltinESMExports()`
    const program = ['--import', `data:text/javascript,${encodeURIComponent(names)}`, 'minimal.ts']
    const env = { ...envTo(urlTo('localhost', front.port)), PATH_TO_SCYLLA_CERT: byName.authority }
    const cwd = join(import.meta.dirname, '..')
    const { stdout } = await run(process.execPath, program, { cwd, env, timeout: 30_000 })
    expect(stdout).toContain('more than half')
    front.close()
    // Of two members, of which the URL names one.
    const [made] = await rowsOf(
      admin,
      "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
    )
    expect(made?.replication).toMatchObject({ datacenter1: '2' })
  })

  test('minimal.ts dials the port of the URL, that of https included', async () => {
    const cwd = join(import.meta.dirname, '..')
    const { COMPOSE_SCYLLA_URL = '' } = envTo(urlTo('127.0.0.1', 443))
    const running = run(process.execPath, ['minimal.ts'], {
      cwd,
      env: { COMPOSE_SCYLLA_URL },
      timeout: 30_000,
    })
    const { stderr } = await running.catch((error) => error)
    expect(stderr).toContain('127.0.0.1:443')
    expect(stderr).not.toContain(':9042')
  })

  test('one that ends within 30 days is a warning in the report and a line in the log (pain 7)', async () => {
    const front = await frontOf({ member: first, ca, certificates: ending })
    const env = { ...envTo(urlTo('127.0.0.1', front.port)), PATH_TO_SCYLLA_CERT: ending.authority }
    await attempt(env, ({ report, log }) => {
      expect(report).toMatchObject({ state: 'warning', reason: null })
      const certificate = stepOf(report, 'certificate', 0)
      expect(certificate).toMatchObject({ state: 'warning', found: { daysLeft: 10 } })
      expect(certificate?.faults[0]?.problem).toContain('expires in 10 days')
      const lines = log.filter(({ fields }) => String(fields.reason).includes('expires in 10 days'))
      expect(lines).toMatchObject([{ level: 'warn', message: 'warning' }])
    })
    front.close()
  })

  test('a member that asks for a client certificate lets in who shows one, and says so to others', async () => {
    const front = await frontOf({ member: first, ca, certificates: byName, isClientAsked: true })
    const env = { ...envTo(urlTo('localhost', front.port)), PATH_TO_SCYLLA_CERT: byName.authority }
    await attempt(env, ({ report }) => {
      expect(report.state).toBe('failed')
      expect(report.reason).toContain(`:${front.port} asks for a client certificate`)
    })
    const [own] = byName.members
    const shown = {
      PATH_TO_SCYLLA_CLIENT_CERT: own?.certificate ?? '',
      PATH_TO_SCYLLA_CLIENT_KEY: own?.key ?? '',
    }
    await attempt({ ...env, ...shown }, ({ report }) => expect(report.reason).toBeNull())
    front.close()
  })

  test('a TLS port that is no database is told from one (pain 8)', async () => {
    const [files] = ending.members
    const [cert, key] = await Promise.all([readFile(files?.certificate ?? ''), readFile(files?.key ?? '')])
    const web = createServer({ cert, key }, (socket) => {
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await once(web.listen(0, '127.0.0.1'), 'listening')
    const { port } = web.address() as AddressInfo
    const env = { ...envTo(urlTo('127.0.0.1', port)), PATH_TO_SCYLLA_CERT: ending.authority }
    await attempt(env, ({ report }) => {
      expect(report.reason).toContain(`127.0.0.1:${port} speaks TLS but answers no CQL`)
      expect(stepOf(report, 'login', 0)?.state).toBe('failed')
    })
    web.close()
  })
})

describe('the login', () => {
  test.each([
    ['a wrong password', (name: string) => `${name}:wrong`, 'refused the user tour or its password'],
    ['a user that is not there', () => 'nobody:wrong', 'refused the user nobody or its password'],
  ])('%s is told with the user and the variable, never the password (pain 11)', async (_, as, problem) => {
    const urls = members.map(({ host, port }) => urlTo(host, port, as(user)))
    const env = {
      PATH_TO_SCYLLA_CERT: cluster.env.PATH_TO_SCYLLA_CERT ?? '',
      COMPOSE_SCYLLA_URLS: urls.join(','),
    }
    await attempt(env, ({ report }) => {
      // Under the name of the variable that was used.
      expect(report.reason).toContain(`COMPOSE_SCYLLA_URLS: 127.0.0.1:${first.port} ${problem}. Correct`)
      expect(report.reason).toContain(`COMPOSE_SCYLLA_URLS: 127.0.0.2:${second.port} ${problem}. Correct`)
      expect(report.servers.map(({ steps }) => steps.at(-1)?.state)).toEqual(['failed', 'failed'])
    })
  })

  test('a login that is refused again and again is one line of the log', async () => {
    await using proxy = await faultProxy(first)
    await attempt(envTo(urlTo(proxy.host, proxy.port, `${user}:wrong`)), async ({ log }) => {
      const atFirst = proxy.count().accepted
      await until('three more attempts', () => proxy.count().accepted >= 4 * atFirst, 20_000)
      expect(log.map(({ message }) => message)).toEqual(['waiting for the database'])
    })
  })

  test.each([
    ['percent-encoded', encodeURIComponent],
    ['raw', (text: string) => text],
  ])('a password of special characters works %s', async (_, written) => {
    const odd = 'p@ss/w#rd?:%,é '
    await ddl('DROP ROLE IF EXISTS odd')
    await ddl(`CREATE ROLE odd WITH PASSWORD = '${odd}' AND LOGIN = true`)
    await ddl('GRANT ALL ON ALL KEYSPACES TO odd')
    await attempt(envTo(urlTo(first.host, first.port, `odd:${written(odd)}`)), ({ report }) => {
      expect(report.reason).toBeNull()
      expect(stepOf(report, 'login', 0)?.found).toMatchObject({ user: 'odd' })
    })
  })

  test('a role that may not log in is told so', async () => {
    await ddl("CREATE ROLE idle WITH PASSWORD = 's3cret' AND LOGIN = false")
    await attempt(envTo(urlTo(first.host, first.port, 'idle:s3cret')), ({ report }) => {
      expect(report.reason).toContain('lets the user idle not log in. ALTER ROLE idle WITH LOGIN = true.')
    })
  })
})

describe('the schema', () => {
  const refusing = async (answers: Parameters<typeof frontOf>[0]['answers'] = []) => {
    const front = await frontOf({ member: first, ca, certificates: ending, answers })
    // No map: the other member cannot be reached, and all statements go through the front.
    return {
      ...front,
      env: { ...envTo(urlTo('127.0.0.1', front.port)), PATH_TO_SCYLLA_CERT: ending.authority },
    }
  }
  const invalid = 0x2200
  const configuration = 0x2300
  const replication = async () =>
    (
      await rowsOf(
        admin,
        "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
      )
    )[0]?.replication

  test('a cluster that wants a rack for each copy gets as many copies as it has racks (pain 10)', async () => {
    await withoutSchema()
    // What ScyllaDB answers with rf_rack_valid_keyspaces; Cassandra knows no such rule.
    const { env, close } = await refusing([
      {
        to: /CREATE KEYSPACE .*'datacenter1': 2/,
        code: invalid,
        message:
          "The option `rf_rack_valid_keyspaces` is enabled. It requires that all keyspaces are RF-rack-valid. That condition is violated: keyspace 'grand_tour' doesn't satisfy it for DC 'datacenter1': RF=2 vs. rack count=1.",
      },
    ])
    await attempt({ ...env, COMPOSE_SCYLLA_REPLICATION_FACTOR: '2' }, ({ report }) => {
      expect(report.reason).toBe(
        'COMPOSE_SCYLLA_REPLICATION_FACTOR: the cluster cannot keep 2 copies: it wants a copy per rack, and has 1. Set it to 1, or leave it out.',
      )
    })
    await attempt(env, ({ report, log }) => {
      const schema = stepOf(report, 'schema')
      expect(schema).toMatchObject({ state: 'warning', found: { created: true, differences: [] } })
      const problem = '1 rack found, using replication factor 1: the cluster wants a copy per rack'
      expect(schema?.faults.map((fault) => fault.problem)).toContain(problem)
      expect(log.filter(({ fields }) => String(fields.reason).includes(problem))).toHaveLength(1)
    })
    expect(await replication()).toMatchObject({ datacenter1: '1' })
    close()
  })

  test('replication that survives no loss is a warning (pain 10)', async () => {
    await attempt(good, ({ report, log }) => {
      const [fault] = stepOf(report, 'schema')?.faults ?? []
      expect(fault?.problem).toContain('with 1 copy in datacenter1 it survives no loss')
      expect(log.filter(({ fields }) => String(fields.reason).includes('survives no loss'))).toHaveLength(1)
    })
  })

  test('SimpleStrategy is never asked for, so a cluster with tablets refuses nothing (pain 9)', async () => {
    await withoutSchema()
    const { env, close } = await refusing([
      {
        to: /SimpleStrategy/,
        code: configuration,
        message: "SimpleStrategy doesn't support tablet replication",
      },
    ])
    await attempt(env, ({ report }) => {
      expect(report.reason).toBeNull()
      expect(stepOf(report, 'schema')?.found).toMatchObject({
        created: true,
        replication: { class: expect.stringContaining('NetworkTopologyStrategy'), datacenter1: '2' },
      })
    })
    close()
  })

  test('a user who may not create can use what is there; one who may neither read is told what is missing', async () => {
    // Made by somebody else: who makes a keyspace may do all in it.
    await withoutSchema()
    await ddl(
      "CREATE KEYSPACE grand_tour WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 2}",
    )
    await ddl('CREATE TABLE grand_tour.words (id uuid PRIMARY KEY, word text, definition text)')
    await ddl(`REVOKE ALL ON ALL KEYSPACES FROM ${user}`)
    try {
      await attempt(good, ({ report }) => {
        expect(report.reason).toBe(
          'the user tour: it has no SELECT permission on <table grand_tour.words>. GRANT it; a user who may not CREATE can use what another has made.',
        )
      })
      await ddl(`GRANT SELECT ON KEYSPACE grand_tour TO ${user}`)
      await attempt(good, async ({ report, database }) => {
        expect(report.reason).toBeNull()
        // Read-only: what PUT /words is told.
        const error = await database.execute(insert, row()).catch((error: unknown) => error)
        expect(refusal(readConfig(good))(error).message).toContain(
          'the user tour: it has no MODIFY permission on <table grand_tour.words>',
        )
      })
      await withoutSchema()
      await attempt(good, ({ report }) => {
        expect(report.reason).toContain('the user tour: it has no CREATE permission on <all keyspaces>')
        expect(stepOf(report, 'schema')?.state).toBe('failed')
      })
    } finally {
      await ddl(`GRANT ALL ON ALL KEYSPACES TO ${user}`)
    }
  })

  test('more copies than there are members are refused before anything is made (pain 10)', async () => {
    await attempt({ ...good, COMPOSE_SCYLLA_REPLICATION_FACTOR: '3' }, ({ report }) => {
      expect(report.reason).toBe(
        'COMPOSE_SCYLLA_REPLICATION_FACTOR: the cluster cannot keep 3 copies: datacenter1 has 2 members. Set it to 2, or leave it out.',
      )
    })
    expect(await replication()).toBeUndefined()
    // ScyllaDB does not count members without tokens, and says so only when the table is made.
    const tooFew = "Datacenter datacenter1 doesn't have enough token-owning nodes for replication_factor=2"
    const { env, close } = await refusing([{ to: /CREATE TABLE/, code: configuration, message: tooFew }])
    await attempt(env, ({ report }) => {
      expect(report.reason).toContain(
        `keyspace grand_tour: no table can be made in it: ${tooFew}. ALTER KEYSPACE`,
      )
    })
    close()
  })

  test('a write that the members cannot keep is told with the likely reason: a full disk', async () => {
    // WRITE_FAILURE: consistency LOCAL_QUORUM, 0 received of 2, 2 failures, and the kind of write.
    const more = Buffer.from([0, 6, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 6, ...Buffer.from('SIMPLE')])
    const { env, close } = await refusing([
      { to: /INSERT INTO/, code: 0x1500, message: 'Operation failed', more },
    ])
    await attempt(env, async ({ report, database }) => {
      expect(report.reason).toBeNull()
      const error = await database.execute(insert, row()).catch((error: unknown) => error)
      expect(refusal(readConfig(env))(error)).toMatchObject({
        name: 'Unavailable',
        message:
          'the cluster: 2 of the replicas failed; the consistency level LOCAL_QUORUM needs 2, and 0 answered. Their logs say why; a disk that is full is a common reason.',
      })
    })
    close()
  })

  const insert = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?)'
  const row = () => [types.Uuid.random(), 'word', 'definition']
})

test('a table that was dropped is told as that, to requests and in the report, and made again', async () => {
  await attempt(good, async ({ database }) => {
    await ddl('DROP TABLE grand_tour.words')
    const reasons = new Set<string | null>()
    const isLost = () => {
      const { reason } = database.report()
      reasons.add(reason)
      return reason !== null
    }
    await until('the loss', isLost, 10_000)
    const isBack = () => !isLost()
    await until('the table to be made again', isBack, 20_000)
    reasons.delete(null)
    // While the members hear of it one after the other, one of them may also fail in its own words.
    expect([...reasons].join(' ')).toContain('the keyspace or its table words is gone')
    expect([...reasons].join(' ')).not.toContain('has no explanation')
  })
})

describe('members that say they are where they cannot be reached (pain 12)', () => {
  test('are told of, with the map that is wanted', async () => {
    await attempt(atBoth, ({ report, log }) => {
      // Silently a client of one member, were it not told.
      expect(report).toMatchObject({ state: 'warning', reason: null })
      expect(report.live?.members.filter(({ up }) => up)).toHaveLength(1)
      const faults = report.servers.flatMap(({ steps }) => steps.flatMap((step) => step.faults))
      expect(faults).toHaveLength(1)
      expect(faults[0]).toMatchObject({
        origin: 'COMPOSE_SCYLLA_MAPS',
        problem: expect.stringMatching(
          /rack1 says that it is at 127\.9\.9\.\d:\d+, but nothing listens on 127\.9\.9/,
        ),
        remedy: expect.stringContaining(`set COMPOSE_SCYLLA_MAPS to ${JSON.stringify(maps)}`),
      })
      expect(log.filter(({ fields }) => String(fields.reason).includes('COMPOSE_SCYLLA_MAPS'))).toHaveLength(
        1,
      )
    })
  })

  test('are reached by that map, each with what its server says of itself', async () => {
    await attempt(good, async ({ report, database }) => {
      const server = `Apache Cassandra ${[...admin.hosts.values()][0]?.cassandraVersion}`
      for (const index of [0, 1])
        expect(stepOf(report, 'login', index)).toMatchObject({
          state: 'ok',
          ms: expect.any(Number),
          found: { user, plugin: 'org.apache.cassandra.auth.PasswordAuthenticator', server },
        })
      expect(database.report().live?.members.map(({ up, connections }) => [up, connections])).toEqual([
        [true, 1],
        [true, 1],
      ])
      // What each member itself says of who is connected.
      await ddl(`GRANT SELECT ON KEYSPACE system_views TO ${user}`)
      const { client } = database.current()
      for (const host of client.hosts.values()) {
        const seen = await rowsOf(client, 'SELECT username FROM system_views.clients', [], { host })
        expect(seen.filter(({ username }) => username === user).length).toBeGreaterThan(0)
      }
    })
  })
})

testDiagnosis({
  good,
  to: ({ host, port }) => envTo(urlTo(host, port)),
  member: first,
  faults: {
    'The password is wrong': envTo(urlTo(first.host, first.port, `${user}:wrong`)),
    'The certificate authority is not known': { COMPOSE_SCYLLA_URL: urlTo(first.host, first.port) },
    'The members say they are where they cannot be reached': envTo(
      ...members.map(({ host, port }) => urlTo(host, port)),
    ),
  },
  withoutSchema,
  withSchema: () => attempt(good, () => {}),
  tables: async () => ({
    tables: await rowsOf(admin, 'SELECT keyspace_name, table_name FROM system_schema.tables'),
    words: await rowsOf(admin, 'SELECT * FROM grand_tour.words').catch(() => 'no table'),
  }),
})
