import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { describe, expect, test } from '@jest/globals'
import { spawnStop, until } from 'conformance'
import { type Cluster, freshCluster } from './database.ts'

/** Starts the stop, gives the first reason it has for not being ready, and everything it wrote. */
const refusalOf = async (env: Record<string, string>) => {
  const stop = await spawnStop('example-scylla', env, { waitUntilReady: false })
  try {
    const reason = await until('a reason', async () => {
      const health = await stop.client.ready()
      return health.status === 'ok'
        ? 'it connected'
        : health.reason !== 'connecting to the database' && health.reason
    })
    return { reason: String(reason), log: stop.log() }
  } finally {
    await stop.stop()
  }
}

/**
 * What a server with the member's own certificate and key is told after the handshake. A stub, because Cassandra keeps
 * no count of logins that can be asked for: it is to see nothing, where a login would be the first thing sent. The
 * member's files are where a native one has them.
 */
const toldTo = async (
  { directory, env }: Cluster,
  withEnv: (env: Record<string, string>) => Record<string, string>,
) => {
  const folder = join(directory, 'cassandra-1', 'certificates')
  const [cert, key] = await Promise.all([
    readFile(join(folder, 'member-1.pem')),
    readFile(join(folder, 'member-1.key')),
  ])
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
  const url = env.COMPOSE_SCYLLA_URL?.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`) ?? ''
  const stop = await spawnStop('example-scylla', withEnv({ ...env, COMPOSE_SCYLLA_URL: url }), {
    waitUntilReady: false,
  })
  await until('three attempts', () => handshakes >= 3)
  await stop.stop()
  server.close()
  return told
}

const passwordIn = (env: Record<string, string>) => new URL(env.COMPOSE_SCYLLA_URL ?? '').password

describe('TLS', () => {
  const withoutAuthority = ({ COMPOSE_SCYLLA_URL = '' }: Record<string, string>) => ({ COMPOSE_SCYLLA_URL })
  const asItIs = (env: Record<string, string>) => env

  test('refuses a certificate of an unknown authority, and connects to a known one', async () => {
    const cluster = await freshCluster({ members: 1, way: 'native' })
    try {
      const { reason, log } = await refusalOf(withoutAuthority(cluster.env))
      expect(reason).toMatch(
        /^PATH_TO_SCYLLA_CERT: the certificate of 127\.0\.0\.1:\d+ is signed by an unknown authority/,
      )
      expect(log).not.toContain(passwordIn(cluster.env))
      expect(await toldTo(cluster, withoutAuthority)).toHaveLength(0)
      // And where nothing is wrong, the client does speak: the stub can tell.
      expect((await toldTo(cluster, asItIs)).length).toBeGreaterThan(0)

      const stop = await spawnStop('example-scylla', cluster.env)
      expect((await stop.client.ready()).database).toMatchObject({
        tls: expect.stringMatching(/^TLSv1\.[23]$/),
        verified: true,
      })
      expect(stop.log()).not.toContain(passwordIn(cluster.env))
      await stop.stop()
    } finally {
      await cluster.release()
    }
  }, 90_000)

  test.each([
    [
      'wrong-name',
      /^COMPOSE_SCYLLA_URL: the certificate of 127\.0\.0\.1:\d+ is for wrong\.example\.com; you connect to 127\.0\.0\.1\./,
    ],
    ['expired', /^COMPOSE_SCYLLA_URL: the certificate of 127\.0\.0\.1:\d+ has expired/],
  ] as const)(
    'refuses a certificate that is %s',
    async (certificate, message) => {
      const cluster = await freshCluster({ members: 1, certificate, way: 'native' })
      try {
        const { reason, log } = await refusalOf(cluster.env)
        expect(reason).toMatch(message)
        expect(log).not.toContain(passwordIn(cluster.env))
        expect(await toldTo(cluster, asItIs)).toHaveLength(0)
      } finally {
        await cluster.release()
      }
    },
    90_000,
  )

  test('refuses a server without TLS, and does without only where the URL says http', async () => {
    const cluster = await freshCluster({ members: 1, tls: false })
    try {
      const https = { COMPOSE_SCYLLA_URL: cluster.env.COMPOSE_SCYLLA_URL?.replace('http:', 'https:') ?? '' }
      const { reason, log } = await refusalOf(https)
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
      expect(plain.log()).toMatch(/"level":"warn".*http:\/\/ means no TLS/)
      await plain.stop()
    } finally {
      await cluster.release()
    }
  }, 90_000)
})
