import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import { ConnectionReport, Health, type Step } from 'contract'
import { type Database, Unavailable } from 'server'
import { serve } from './serve.ts'
import { readyDatabase } from './serve-database.ts'

/** Everything that not everybody may see. */
const secrets = [
  ...['db-1.example', 'db-2.example', '10.1.2.3', '10.1.2.4', 'alice', 'Example Authority', '7001'],
  ...['north-1', 'shelf-7', 'words_of_alice'],
]
const reason = 'COMPOSE_URL: db-1.example:7001 (10.1.2.3) refused the user alice. Correct it.'
const fault = { origin: 'COMPOSE_URL', problem: reason, remedy: 'Ask alice of 10.1.2.4.' }
const at = new Date().toISOString()
const member = (address: string) => ({
  address,
  dataCenter: 'north-1',
  rack: 'shelf-7',
  up: true,
  connections: 1,
  inFlight: 0,
  requests: 0,
  failed: 0,
  p50Ms: null,
  p99Ms: null,
  lastUsedAt: null,
})
const step = { state: 'failed' as const, ms: 1, faults: [fault] }
const schema = {
  database: 'words_of_alice',
  table: 'words',
  created: false,
  replication: { 'north-1': '3' },
  charset: null,
  differences: ['with 2 copies in north-1'],
}
const stepsOfServer: Step[] = [
  { ...step, step: 'name', found: { addresses: ['10.1.2.3'] } },
  { ...step, step: 'port', found: { address: '10.1.2.3', port: 7001 } },
  {
    ...step,
    step: 'certificate',
    found: {
      protocol: 'TLSv1.3',
      cipher: 'A',
      verified: true,
      subject: 'db-1.example',
      issuer: 'Example Authority',
      names: ['db-1.example', '10.1.2.3'],
      validTo: at,
      daysLeft: 0,
    },
  },
  { ...step, step: 'login', found: { user: 'alice', plugin: 'password', server: 'TestDB 1' } },
]

/** A database that is lost, and whose report is full of {@link secrets}. */
const lost: Database = {
  ...readyDatabase,
  status: () => ({ ready: false, reason, server: null }),
  report: () => ({
    at,
    state: 'failed',
    reason,
    database: null,
    servers: ['db-1.example:7001', 'db-2.example:7001'].map((server) => ({ server, steps: stepsOfServer })),
    steps: [
      { ...step, step: 'schema', found: schema, faults: [{ ...fault, origin: 'db-1.example:7001' }] },
      { ...step, step: 'read and write', found: null },
    ],
    live: {
      members: [member('10.1.2.3:7001'), member('10.1.2.4:7001')],
      pool: null,
      inFlight: 0,
      lastMinute: [],
      statements: [
        { kind: 'read', text: 'SELECT 1', member: '10.1.2.4:7001', ms: 1, at },
        { kind: 'write', text: 'INSERT', member: null, ms: 1, at },
      ],
      events: [
        { at, what: 'lost', member: null, reason },
        { at, what: 'member down', member: '10.1.2.4:7001', reason },
      ],
      nextAttemptMs: 100,
    },
  }),
}

type Asked = { status: number | undefined; headers: Record<string, unknown>; body: string }

/** The answer to a request with just these headers: fetch would set Host and Origin itself. */
const ask = async (port: number, path: string, headers: Record<string, string>, host = '127.0.0.1') => {
  const request = httpRequest({ host, port, path, headers, agent: false }).end()
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) } as Asked
}

const own = (port: number) => ({ host: `localhost:${port}` })
const localAskers: [string, (port: number) => Record<string, string>][] = [
  ['a program that names localhost', own],
  ['a program that names 127.0.0.1', (port) => ({ host: `127.0.0.1:${port}` })],
  ['a program that names ::1', (port) => ({ host: `[::1]:${port}` })],
  ['the page itself', (port) => ({ ...own(port), 'sec-fetch-site': 'same-origin' })],
  ['the page itself, with its Origin', (port) => ({ ...own(port), origin: `http://localhost:${port}` })],
  // Nothing tells it from a program here: CONNECTION_DETAILS=nobody is for that.
  ['a proxy on this machine that says nothing of it', own],
  ['an address that was typed', (port) => ({ ...own(port), 'sec-fetch-site': 'none' })],
]
const otherAskers: [string, (port: number) => Record<string, string>][] = [
  ['a name rebound to this machine', (port) => ({ host: `evil.example:${port}` })],
  ['a name that begins like an address', (port) => ({ host: `127.0.0.1.evil.example:${port}` })],
  ['a page elsewhere, by its Origin', (port) => ({ ...own(port), origin: 'https://evil.example' })],
  ['a page elsewhere, by Sec-Fetch-Site', (port) => ({ ...own(port), 'sec-fetch-site': 'cross-site' })],
  ['a page on another port of this machine', (port) => ({ ...own(port), 'sec-fetch-site': 'same-site' })],
  ['a page on another port, by its Origin', (port) => ({ ...own(port), origin: 'http://localhost:1' })],
  ['a page in a sandbox', (port) => ({ ...own(port), origin: 'null' })],
  ['a page that was framed from a file', (port) => ({ ...own(port), origin: 'file://' })],
  ['a proxy on this machine', (port) => ({ ...own(port), 'x-forwarded-for': '203.0.113.7' })],
]

describe('addresses, names and the user of the connection', () => {
  test.each(localAskers)('are shown to %s', async (_, headersOf) => {
    const { port } = await serve({ database: lost })
    const { status, headers, body } = await ask(port, '/connection', headersOf(port))
    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(ConnectionReport.parse(JSON.parse(body))).toEqual({
      stop: 'test',
      title: 'Test',
      ...lost.report(),
      hidden: false,
    })
    expect((await ask(port, '/readyz', headersOf(port))).body).toContain(reason)
  })

  test.each(otherAskers)('are hidden from %s', async (_, headersOf) => {
    const { port } = await serve({ database: lost })
    const { status, headers, body } = await ask(port, '/connection', headersOf(port))
    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(secretsIn(body)).toEqual([])
    const report = ConnectionReport.parse(JSON.parse(body))
    expect(report).toMatchObject({
      hidden: true,
      state: 'failed',
      servers: [{ server: 'server 1' }, { server: 'server 2' }],
      steps: [
        { state: 'failed', faults: [{ origin: 'the database' }] },
        { state: 'failed', faults: [{ origin: 'COMPOSE_URL' }] },
      ],
    })
    expect(report.servers[0]?.steps[2]?.found).toMatchObject({
      protocol: 'TLSv1.3',
      verified: true,
      daysLeft: 0,
    })
    // The same member has the same name everywhere, and which one answered is told.
    expect(report.live?.members.map(({ address }) => address)).toEqual(['member 1', 'member 2'])
    expect(report.live?.statements.map((statement) => statement.member)).toEqual(['member 2', null])
    expect(report.live?.events.map((event) => event.member)).toEqual([null, 'member 2'])
  })

  test.each(otherAskers)('are in no reason that %s is told', async (_, headersOf) => {
    const { port, log } = await serve({
      database: { ...lost, status: () => ({ ready: true, server: null as never }) },
      put: async () => {
        throw new Error('driver text')
      },
      explain: () => new Unavailable(reason),
      routes: async (server) => {
        server.get('/public', async () => {
          throw new Unavailable('no names in this', { isPublic: true, sent: false })
        })
        server.get('/words', async () => {
          throw new Unavailable(reason, { sent: false })
        })
      },
    })
    const { status, body } = await ask(port, '/words', headersOf(port))
    expect([status, secretsIn(body)]).toEqual([503, []])
    const { detail, instance } = JSON.parse(body)
    expect(detail).toBe('The database cannot be used now. The log says why.')
    expect(log.find(({ reqId }) => reqId === instance)).toMatchObject({ reason })
    expect((await ask(port, '/public', headersOf(port))).body).toContain('no names in this')
  })

  test.each(otherAskers)('are in no readiness that %s is told', async (_, headersOf) => {
    const { port } = await serve({ database: lost })
    for (const path of ['/readyz', '/livez'])
      expect(secretsIn((await ask(port, path, headersOf(port))).body)).toEqual([])
    const { status, body } = await ask(port, '/readyz', headersOf(port))
    expect([status, Health.parse(JSON.parse(body)).reason]).toEqual([
      503,
      'The database cannot be used now. The log says why.',
    ])
  })

  test('are hidden from another machine, whatever its headers say', async () => {
    const { server, port } = await serve({ database: lost })
    for (const remoteAddress of ['203.0.113.7', '::ffff:203.0.113.7', '2001:db8::1']) {
      const { body } = await server.inject({ path: '/connection', headers: own(port), remoteAddress })
      expect(secretsIn(body)).toEqual([])
    }
    for (const remoteAddress of ['127.0.0.1', '127.1.2.3', '::ffff:127.0.0.1', '::1']) {
      const { body } = await server.inject({ path: '/connection', headers: own(port), remoteAddress })
      expect(secretsIn(body)).toEqual(secrets)
    }
  })

  test('are shown to everyone, or nobody, where the setting says so', async () => {
    const everyone = await serve({ database: lost, details: 'everyone' })
    const nobody = await serve({ database: lost, details: 'nobody' })
    for (const [, headersOf] of [...localAskers, ...otherAskers]) {
      for (const path of ['/connection', '/readyz']) {
        expect((await ask(everyone.port, path, headersOf(everyone.port))).body).toContain(reason)
        expect(secretsIn((await ask(nobody.port, path, headersOf(nobody.port))).body)).toEqual([])
      }
    }
  })
})

test('members that have no name of their own in the metrics have one together: up as all are, and sums', async () => {
  const report = lost.report()
  const live = report.live && {
    ...report.live,
    members: Array.from({ length: 66 }, (_, index) => ({
      ...member(`10.0.0.${index}:7001`),
      up: index !== 64,
      connections: index === 65 ? 2 : 1,
      inFlight: index === 65 ? 5 : 0,
    })),
  }
  const { url } = await serve({ database: { ...lost, report: () => ({ ...report, live }) } })
  for (let scrape = 0; scrape < 2; scrape++) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics.match(/member_\w+\{member="(?:64|other)"\} \d+/g)).toEqual([
      'member_up{member="64"} 1',
      'member_up{member="other"} 0',
      'member_connections{member="64"} 1',
      'member_connections{member="other"} 3',
      'member_requests_in_flight{member="64"} 0',
      'member_requests_in_flight{member="other"} 5',
    ])
  }
})

const secretsIn = (body: string) => secrets.filter((secret) => body.includes(secret))
