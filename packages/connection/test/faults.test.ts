import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, test } from '@jest/globals'
import { explainNetwork } from '../src/faults.ts'
import { hostsByAddress } from '../src/names.ts'
import { probeTls } from '../src/probe.ts'

const target = {
  variable: 'COMPOSE_X_URL',
  host: 'db.example.com',
  port: 3306,
  authorityVariable: 'PATH_TO_X_CERT',
  authorityFile: '/etc/ca.pem',
}
const explained = (error: unknown) => explainNetwork(error, target)
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

const listening = async (
  onSocket: Parameters<typeof createServer>[1],
): Promise<{ server: Server; port: number }> => {
  const server = createServer(onSocket)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

test('a name that does not resolve is named with its variable; one of several that does is enough', async () => {
  const error = await errorOf(hostsByAddress(['no-such-host.invalid']))
  expect(explained(error)).toMatch(
    /^COMPOSE_X_URL: (host db\.example\.com not found|the name server does not answer)/,
  )
  expect(await hostsByAddress(['no-such-host.invalid', '127.0.0.1'])).toEqual(
    new Map([['127.0.0.1', ['127.0.0.1']]]),
  )
})

test('a port where nothing listens is told, also inside an AggregateError with an empty message', async () => {
  const refused = await errorOf(probeTls({ host: '127.0.0.1', port: 1 }, 1000))
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
    const error = await errorOf(probeTls({ host: '127.0.0.1', port }, 2000))
    expect(explained(error)).toMatch(/^COMPOSE_X_URL: db\.example\.com:3306 .*speaks no TLS/)
    server.close()
  }
})

test('a port that accepts and says nothing is given up after the deadline', async () => {
  const { server, port } = await listening((socket) => void socket.on('error', () => {}))
  const error = await errorOf(probeTls({ host: '127.0.0.1', port }, 200))
  expect(explained(error)).toMatch(/^COMPOSE_X_URL: db\.example\.com:3306 cannot be reached \(ETIMEDOUT\)/)
  server.close()
})

test('an error that is none of the network’s is left to the driver’s own words', () => {
  expect(explained(new Error('Access denied'))).toBeUndefined()
  expect(explained('no error at all')).toBeUndefined()
})
