import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import type { Steps } from 'connection'
import { certificatesFor } from 'local-databases/certificates'
import mysql from 'mysql2/promise'
import { readConfig } from '../src/config.ts'
import { logIn } from '../src/connection.ts'
import { refusal } from '../src/errors.ts'
import { withConnection } from '../src/statements.ts'
import { attempt } from './attempt.ts'

const folder = await mkdtemp(join(tmpdir(), 'handshake-'))
const servers: Server[] = []
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true })
})

/** A stand-in that listens, and the environment in which the stop connects to it. */
const listening = async (server: Server) => {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    env: { COMPOSE_MYSQL_URL: `mysql://tour:secret@127.0.0.1:${port}/compose?ssl-mode=DISABLED` },
  }
}

/** What the stop says of a server: its port stands as PORT. */
const faultOf = async (server: Server) => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  const { port } = await listening(server)
  const { reason, failedAt, states } = await attempt({
    COMPOSE_MYSQL_URL: `mysql://tour:secret@127.0.0.1:${port}/compose`,
  })
  for (const socket of sockets) socket.destroy()
  return { reason: reason?.replaceAll(String(port), 'PORT'), failedAt, states }
}

test('a server of HTTPS is told from a MySQL server: it waits for the client to speak first', async () => {
  const { authority, members } = await certificatesFor(join(folder, 'of'), [['127.0.0.1']], 'good')
  const [cert, key] = await Promise.all([
    readFile(members[0]?.certificate ?? ''),
    readFile(members[0]?.key ?? ''),
  ])
  expect(authority).toBeTruthy()
  expect(await faultOf(createHttpsServer({ cert, key }))).toMatchObject({
    failedAt: 'port',
    reason:
      'COMPOSE_MYSQL_URL: 127.0.0.1:PORT accepts connections and says nothing, where a MySQL server greets. Correct the port, if something else listens there; if not, the server is paused or overloaded.',
  })
})

test.each([
  ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'SSH-2.0-OpenSSH_9.2p1'],
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['something that says little', 'hi\n', 'hi'],
  // Notice 5 of the protocol of port 33060: https://dev.mysql.com/doc/dev/mysql-server/latest/mysqlx_protocol_notices.html
  ["MySQL's X protocol", '\x05\x00\x00\x00\x0b\x08\x05\x1a\x00', '.........'],
])('a server of %s is told from a MySQL server by what it says', async (_, banner, shown) => {
  expect(await faultOf(createServer((socket) => void socket.write(banner, 'latin1')))).toMatchObject({
    failedAt: 'port',
    reason: `COMPOSE_MYSQL_URL: 127.0.0.1:PORT is no MySQL server: it begins with "${shown}". Correct the port: MySQL has 3306 mostly.`,
  })
})

test('a server that says little and closes is told by what it says', async () => {
  expect(await faultOf(createServer((socket) => void socket.end('no\n')))).toMatchObject({
    failedAt: 'port',
    reason: expect.stringContaining('is no MySQL server: it begins with "no"'),
  })
})

test('a port that closes every connection is told as that', async () => {
  expect(await faultOf(createServer((socket) => void socket.end()))).toMatchObject({
    failedAt: 'port',
    reason: expect.stringContaining('127.0.0.1:PORT closed the connection (ECONNRESET)'),
  })
})

// Stand-ins that speak just enough of the protocol to send the documented answer: a server does not count connections
// from its own machine, and no server here has the plugin.
const packet = (number: number, payload: Buffer) => {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  header[3] = number
  return Buffer.concat([header, payload])
}

test('a machine that the server has shut out is told so, and the certificate counts as not tried', async () => {
  // ERR_Packet: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
  const text =
    "Host '10.0.0.7' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'"
  const refusal = packet(0, Buffer.concat([Buffer.from([0xff, 1129 & 255, 1129 >> 8]), Buffer.from(text)]))
  expect(await faultOf(createServer((socket) => void socket.end(refusal)))).toEqual({
    failedAt: 'login',
    states: ['ok', 'ok', 'skipped', 'failed', 'skipped', 'skipped'],
    reason:
      'COMPOSE_MYSQL_URL: 127.0.0.1:PORT has shut this machine out after too many connections that came to nothing (max_connect_errors). End what makes them, such as a health check of the bare port; then TRUNCATE TABLE performance_schema.host_cache on the server.',
  })
})

/** A greeting of version 10 with these capabilities, of which the offer of TLS is one. */
const greeting = (capabilities: string) =>
  packet(
    0,
    Buffer.from(
      `\x0a9.7.0\0\x01\0\0\0abcdefgh\0${capabilities}\x2d\x02\0\x08\0\x15${'\0'.repeat(10)}ijklmnopqrst\0caching_sha2_password\0`,
      'latin1',
    ),
  )
const [NO_TLS, TLS] = ['\xff\xf7', '\xff\xff']

test('a server that falls silent in the TLS handshake is not called one that cannot be reached', async () => {
  expect(await faultOf(createServer((socket) => void socket.write(greeting(TLS))))).toMatchObject({
    failedAt: 'certificate',
    reason:
      'COMPOSE_MYSQL_URL: 127.0.0.1:PORT is reached but does not answer (no login within 2000 ms). It is overloaded, paused or cut off.',
  })
})

test('a server that offers no TLS is told, and never falls back to plain text', async () => {
  let received = 0
  const server = createServer((socket) => {
    socket.on('data', () => received++)
    socket.write(greeting(NO_TLS))
  })
  expect(await faultOf(server)).toMatchObject({
    failedAt: 'certificate',
    reason: expect.stringContaining('127.0.0.1:PORT speaks no TLS'),
  })
  expect(received).toBe(0)
})

test.each(['name', 'port'])('an attempt that is given up in the step %s never logs in', async (last) => {
  let received = 0
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', () => received++)
    socket.write(greeting(NO_TLS))
  })
  const { env } = await listening(server)
  const giveUp = new AbortController()
  const run = (step: string, _: unknown, go: () => Promise<unknown>) => {
    const going = go()
    if (step === last) giveUp.abort()
    return going
  }
  const steps = { run, done: () => {}, skip: () => {} } as unknown as Steps
  await expect(logIn(readConfig(env), steps, giveUp.signal)).rejects.toThrow(/aborted/)
  expect(received).toBe(0)
})

test('a pool whose connections do not come about is not called busy', async () => {
  const sockets: Socket[] = []
  const { port, env } = await listening(createServer((socket) => void sockets.push(socket)))
  const pool = mysql.createPool({ host: '127.0.0.1', port, connectionLimit: 2 })
  const refused = (deadlineMs: number) =>
    withConnection(pool, async () => 'connected', deadlineMs).catch(
      (error) => refusal(readConfig(env))(error).message,
    )
  const server = `127.0.0.1:${port}`
  const told = (ms: number) =>
    `COMPOSE_MYSQL_URL: only 0 of the 2 connections of the pool are open: none became free within ${ms} ms. No other comes about: ${server} is overloaded, paused or cut off.`
  expect(await refused(50)).toBe(told(50))
  // The second has a connection of its own, and the third waits for either.
  expect(await Promise.all([refused(600), refused(600)])).toEqual([told(600), told(600)])
  pool.end().catch(() => {}) // told what becomes of them
  for (const socket of sockets) socket.destroy()
})

test('a user whose plugin this client does not speak is told with the way out', async () => {
  const stub = createServer((socket) => {
    socket.write(greeting(NO_TLS))
    socket.once('data', () =>
      socket.write(packet(2, Buffer.from('\xfeauthentication_ldap_sasl_client\0SCRAM-SHA-1\0', 'latin1'))),
    )
  })
  const { reason, failedAt } = await attempt((await listening(stub)).env)
  expect(failedAt).toBe('login')
  expect(reason).toContain(
    'the user tour logs in by authentication_ldap_sasl_client, which this client does not do. Run ALTER USER',
  )
})
