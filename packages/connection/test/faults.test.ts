import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  rootCertificates,
  type TlsOptions,
} from 'node:tls'
import { expect, test } from '@jest/globals'
import { explainNetwork, sentence } from '../src/faults.ts'
import { openSocket, probeTls, resolveName } from '../src/probe.ts'
import { selfSigned } from './certificate.ts'

const target = {
  variable: 'COMPOSE_X_URL',
  host: 'db.example.com',
  port: 3306,
  authorityVariable: 'PATH_TO_X_CERT',
  authorityFile: '/etc/ca.pem',
}
const explained = (error: unknown) => {
  const fault = explainNetwork(error, target)
  return fault && sentence(fault)
}
const probe = async (port: number, timeoutMs: number, options: ConnectionOptions = {}) =>
  probeTls(await openSocket('127.0.0.1', port, timeoutMs), { ...options, host: '127.0.0.1' }, timeoutMs)
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

const started = async (server: Server): Promise<{ server: Server; port: number }> => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as { port: number }).port }
}
const listening = (onSocket: Parameters<typeof createServer>[1]) => started(createServer(onSocket))
const secureServer = (options: TlsOptions) =>
  started(createTlsServer(options, (socket) => void socket.on('error', () => {})))

test('a name that does not resolve is named with its variable, at the step "name"', async () => {
  const error = await errorOf(resolveName('no-such-host.invalid', 5000))
  expect(explained(error)).toMatch(
    /^COMPOSE_X_URL: (host db\.example\.com not found|the name server does not answer)/,
  )
  expect(explainNetwork(error, target)).toMatchObject({ step: 'name', origin: 'COMPOSE_X_URL' })
  expect(await resolveName('127.0.0.1', 5000)).toEqual(['127.0.0.1'])
})

test('a port where nothing listens is told, also inside an AggregateError with an empty message', async () => {
  const refused = await errorOf(openSocket('127.0.0.1', 1, 1000))
  const line =
    'COMPOSE_X_URL: nothing listens on db.example.com:3306 (ECONNREFUSED). Start the server, or correct the port.'
  expect(explained(refused)).toBe(line)
  expect(explained(new AggregateError([refused, refused], ''))).toBe(line)
})

test('a port that speaks no TLS is told, whether it answers or hangs up', async () => {
  for (const onSocket of [
    (socket: import('node:net').Socket) =>
      void socket.on('error', () => {}).write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    (socket: import('node:net').Socket) => void socket.on('error', () => {}).once('data', () => socket.end()),
  ]) {
    const { server, port } = await listening(onSocket)
    const error = await errorOf(probe(port, 2000))
    expect(explained(error)).toMatch(/^COMPOSE_X_URL: db\.example\.com:3306 .*speaks no TLS/)
    server.close()
  }
})

test('a port that accepts and says nothing is given up after the deadline', async () => {
  const { server, port } = await listening((socket) => void socket.on('error', () => {}))
  const error = await errorOf(probe(port, 200))
  expect(explained(error)).toBe(
    'COMPOSE_X_URL: db.example.com:3306 is reached but does not answer (no TLS handshake within 200 ms). It is overloaded, paused or cut off.',
  )
  server.close()
})

test('a certificate whose date cannot be read ends nothing: it is told, with whose it is, or shown without', async () => {
  const { server, port } = await secureServer(selfSigned('499931235959Z')) // of month 99
  const error = await errorOf(probe(port, 2000))
  expect(explainNetwork(error, target)).toMatchObject({
    step: 'certificate',
    problem:
      "the TLS handshake with db.example.com:3306 failed: format error in certificate's notAfter field (db, issued by itself)",
  })
  const found = await probe(port, 2000, { rejectUnauthorized: false })
  expect(found).toMatchObject({ verified: false, subject: 'db', validTo: null, daysLeft: null })
  server.close()
})

test.each([
  ['shares no cipher', { ciphers: 'TLS_AES_128_GCM_SHA256' }, { ciphers: 'TLS_AES_256_GCM_SHA384' }],
  // With TLS 1.3 it says so in an alert of its own.
  ['asks for a client certificate with TLS 1.2', { requestCert: true, maxVersion: 'TLSv1.2' }, {}],
] as const)('of a server that %s, what its refusal may mean is told', async (_, options, ours) => {
  const { server, port } = await secureServer({ ...selfSigned(), ...options })
  const error = await errorOf(probe(port, 2000, { ...ours, rejectUnauthorized: false }))
  expect(explained(error)).toBe(
    'COMPOSE_X_URL: db.example.com:3306 refused the TLS handshake: it asks for a client certificate, or shares no cipher or TLS version with this client. Set the variables of the client certificate and its key, or enable TLS 1.2 or 1.3 on the server with a cipher that Node.js has.',
  )
  server.close()
})

test('a client certificate that TLS cannot use leaves no socket open', async () => {
  const { server, port } = await listening((socket) => void socket.on('error', () => {}))
  const socket = await openSocket('127.0.0.1', port, 1000)
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pair = { cert: rootCertificates[0] ?? '', key: key.export({ type: 'pkcs8', format: 'pem' }) }
  await expect(probeTls(socket, { host: '127.0.0.1', ...pair }, 1000)).rejects.toThrow('mismatch')
  expect(socket.destroyed).toBe(true)
  server.close()
})

test('what Node.js has against a certificate that no sentence of ours is for is told in its words, at that step', () => {
  const unfit = Object.assign(new Error('unsupported certificate purpose'), { code: 'INVALID_PURPOSE' })
  // As mysql2 hands it on.
  const weak = Object.assign(new Error('EE certificate key too weak'), { code: 'HANDSHAKE_SSL_ERROR' })
  for (const error of [unfit, weak]) {
    expect(explainNetwork(error, target)).toMatchObject({ step: 'certificate' })
    expect(explained(error)).toContain(`the TLS handshake with db.example.com:3306 failed: ${error.message}`)
  }
})

test('a socket that this machine cannot open is a fault of the port', () => {
  for (const [code, problem] of [
    ['EADDRNOTAVAIL', 'db.example.com:3306 cannot be reached (EADDRNOTAVAIL)'],
    ['EMFILE', 'no socket could be opened: too many files are open here (EMFILE)'],
  ] as const) {
    const error = Object.assign(new Error(`connect ${code}`), { code })
    expect(explainNetwork(error, target)).toMatchObject({ step: 'port', problem })
  }
})

test('an error that is none of the network’s is left to the driver’s own words', () => {
  expect(explained(new Error('Access denied'))).toBeUndefined()
  expect(explained('no error at all')).toBeUndefined()
})

test('a connection that breaks off in the handshake is told, although the driver puts a code of its own over it', () => {
  // As mysql2 gives it where the server dies at that moment (sidorares/node-mysql2 #2130).
  const error = Object.assign(new Error('read ECONNRESET'), { code: 'HANDSHAKE_SSL_ERROR', errno: -104 })
  expect(explained(error)).toMatch(/^COMPOSE_X_URL: db\.example\.com:3306 closed the connection/)
})
