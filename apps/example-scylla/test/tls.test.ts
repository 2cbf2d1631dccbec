import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, createServer } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Client } from 'cassandra-driver'
import { refusalOf, spawnStop, until } from 'conformance'
import { certificatesFor } from 'local-databases/certificates'
import { clientWith } from '../src/connection.ts'
import { type Cluster, freshCluster } from './database.ts'
import { frontOf } from './front.ts'

/**
 * What a server with this certificate and key is told after the handshake. A stub, because Cassandra keeps no count of
 * logins that can be asked for: it is to see nothing, where a login would be the first thing sent.
 */
const toldTo = async (env: Record<string, string>, files: { certificate: string; key: string }) => {
  const [cert, key] = await Promise.all([readFile(files.certificate), readFile(files.key)])
  let told = Buffer.alloc(0)
  let handshakes = 0
  const server = createServer({ cert, key }, (socket) => {
    handshakes++
    socket
      .on('error', () => {})
      .on('data', (data: Buffer) => {
        told = Buffer.concat([told, data])
      })
  })
  server.on('tlsClientError', () => handshakes++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const stop = await spawnStop('example-scylla', atPort(env, port), { waitUntilReady: false })
  await until('three attempts', () => handshakes >= 3)
  await stop.stop()
  server.close()
  return told
}

const atPort = ({ COMPOSE_SCYLLA_URL = '', ...env }: Record<string, string>, port: number) => ({
  ...env,
  COMPOSE_SCYLLA_URL: COMPOSE_SCYLLA_URL.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`),
})

const passwordIn = (env: Record<string, string>) => new URL(env.COMPOSE_SCYLLA_URL ?? '').password

describe('TLS', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await freshCluster({ members: 1, way: 'native' })
  }, 90_000)
  afterAll(() => cluster?.release())

  const unverified = () =>
    clientWith({ contactPoints: ['127.0.0.1'], sslOptions: { rejectUnauthorized: false } })
  /** What the driver makes a socket with: a copy of its options each time. */
  const optionsOf = (client: Client): ConnectionOptions & { signal?: AbortSignal } => ({
    ...(client as unknown as { options: { sslOptions: ConnectionOptions } }).options.sslOptions,
  })

  test('keeps nothing of a socket that came to nothing, and ends one that is open with the client', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const client = unverified()
    const open = connect({ ...optionsOf(client), ...cluster.members[0] })
    await once(open, 'secureConnect')
    const refused = async () => {
      const socket = connect({ ...optionsOf(client), host: '127.0.0.1', port: 1 })
      await once(socket, 'error')
      return new WeakRef(socket)
    }
    const closed = await Promise.all(Array.from({ length: 50 }, refused))
    await until('them to be forgotten', () => {
      collect()
      return closed.every((socket) => socket.deref() === undefined)
    })
    const ended = once(open, 'error')
    await client.shutdown()
    expect(await ended).toMatchObject([{ name: 'AbortError' }])
  })

  test('ends a socket that the driver makes after the shutdown, and not the process', async () => {
    const client = unverified()
    await client.shutdown()
    const options = optionsOf(client)
    expect(options.signal?.aborted).toBe(false)
    const socket = connect({ ...options, ...cluster.members[0] })
    const closed = once(socket, 'close').catch((error) => error)
    expect((await closed).name).toBe('AbortError')
    await until('it to be closed', () => socket.closed)
  })

  test('refuses a certificate of an unknown authority, and connects to a known one', async () => {
    const { COMPOSE_SCYLLA_URL = '' } = cluster.env
    const withoutAuthority = { COMPOSE_SCYLLA_URL }
    // Where a native member has its files.
    const member = join(cluster.directory, 'cassandra-1', 'certificates', 'member-1')
    const files = { certificate: `${member}.pem`, key: `${member}.key` }
    const { reason, log } = await refusalOf('example-scylla', withoutAuthority)
    expect(reason).toMatch(
      /^PATH_TO_SCYLLA_CERT: the certificate of 127\.0\.0\.1:\d+ is signed by an unknown authority/,
    )
    expect(log).not.toContain(passwordIn(cluster.env))
    expect(await toldTo(withoutAuthority, files)).toHaveLength(0)
    // And where nothing is wrong, the client does speak: the stub can tell.
    expect((await toldTo(cluster.env, files)).length).toBeGreaterThan(0)

    const stop = await spawnStop('example-scylla', cluster.env)
    expect((await stop.client.ready()).database).toMatchObject({
      tls: expect.stringMatching(/^TLSv1\.[23]$/),
      verified: true,
    })
    expect(stop.log()).not.toContain(passwordIn(cluster.env))
    await stop.stop()
  })

  test.each([
    [
      'wrong-name',
      /^COMPOSE_SCYLLA_URL: the certificate of 127\.0\.0\.1:\d+ is for wrong\.example\.com; you connect to 127\.0\.0\.1\./,
    ],
    ['expired', /^COMPOSE_SCYLLA_URL: the certificate of 127\.0\.0\.1:\d+ has expired/],
  ] as const)('refuses a certificate that is %s', async (kind, message) => {
    // In front of the member, which would have to start anew for each of them.
    const ca = await readFile(cluster.env.PATH_TO_SCYLLA_CERT ?? '', 'utf8')
    const member = cluster.members[0] ?? { host: '', port: 0 }
    const certificates = await certificatesFor(join(cluster.directory, kind), [['127.0.0.1']], kind)
    const front = await frontOf({ member, ca, certificates })
    try {
      const env = { ...atPort(cluster.env, front.port), PATH_TO_SCYLLA_CERT: certificates.authority }
      const { reason, log } = await refusalOf('example-scylla', env)
      expect(reason).toMatch(message)
      expect(log).not.toContain(passwordIn(env))
      const [files] = certificates.members
      expect(await toldTo(env, files ?? { certificate: '', key: '' })).toHaveLength(0)
    } finally {
      front.close()
    }
  })

  test('refuses a server without TLS, and does without only where the URL says http', async () => {
    const cluster = await freshCluster({ members: 1, tls: false })
    try {
      const https = { COMPOSE_SCYLLA_URL: cluster.env.COMPOSE_SCYLLA_URL?.replace('http:', 'https:') ?? '' }
      const { reason, log } = await refusalOf('example-scylla', https)
      expect(reason).toMatch(/^COMPOSE_SCYLLA_URL: 127\.0\.0\.1:\d+ speaks no TLS/)
      expect(log).not.toContain(passwordIn(https))

      // The same against a port that writes down what it is told: TLS handshakes and nothing else.
      const told: Buffer[] = []
      const server = createPlainServer((socket) => {
        socket
          .on('error', () => {})
          .once('data', (data: Buffer) => {
            told.push(data)
            socket.destroy()
          })
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const { port } = server.address() as AddressInfo
      const stop = await spawnStop(
        'example-scylla',
        { COMPOSE_SCYLLA_URL: https.COMPOSE_SCYLLA_URL.replace(/:\d+$/, `:${port}`) },
        { waitUntilReady: false },
      )
      await until('three attempts', () => told.length >= 3)
      await stop.stop()
      server.close()
      const handshakeRecord = 0x16
      expect(told.map((data) => data[0])).toEqual(told.map(() => handshakeRecord))

      // Less than TLS is possible only where the URL says so; the log and /readyz say so too.
      const plain = await spawnStop('example-scylla', cluster.env)
      expect((await plain.client.ready()).database).toMatchObject({ tls: null, verified: false })
      await until('the warning', () => /"level":"warn".*http:\/\/ means no TLS/.test(plain.log()))
      await plain.stop()
    } finally {
      await cluster.release()
    }
  }, 90_000)
})
