import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { take, type Way } from '../src/list-source.ts'
import { numbers, rowOf } from '../src/rows.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

const text = JSON.stringify(numbers(0, 500).map(rowOf))
const digestOf = (list: string) => createHash('sha1').update(list).digest('hex')
const fast: Way = { server: 'ours', path: '/words', clients: 1, bytesPerSecond: null }
const conditions = { rows: 500, slowSeconds: 10 }

/** A server whose lists are taken: this process, so that its memory can be looked at. */
const sourceOf = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const running = { name: 'ours' as const, url, pid: process.pid, listeningMs: 1 }
  return {
    name: 'ours' as const,
    server: { ...running, errors: () => '', stop: async () => {} },
    right: new Set<string>(),
  }
}

test('a whole list is right, and so is every other one of the same bytes', async () => {
  const source = await sourceOf((_, response) => response.end(text))
  const { transfers, faults } = await take(source, fast, conditions)
  expect(faults).toEqual([])
  expect(transfers).toMatchObject([{ bytes: Buffer.byteLength(text) }])

  const began = performance.now()
  const ten = await take(source, { ...fast, clients: 10, bytesPerSecond: 100_000 }, conditions)
  expect(ten.faults).toEqual([])
  expect(ten.transfers).toHaveLength(10)
  expect(performance.now() - began).toBeGreaterThan(300) // 50 kB at 100 kB/s, less the last piece
})

test('of ten slow readers one stays to the end, and nine leave when they have been slow for long enough', async () => {
  const source = await sourceOf((_, response) => response.end(text.repeat(40)))
  const { transfers, faults } = await take(
    { ...source, right: new Set([digestOf(text.repeat(40))]) },
    { ...fast, clients: 10, bytesPerSecond: 1e6 },
    { rows: 500, slowSeconds: 0.5 },
  )
  expect({ faults, transfers: transfers.length }).toEqual({ faults: [], transfers: 1 })
})

test.each<[string, RequestListener, RegExp]>([
  [
    'that is broken off',
    (_, response) => response.write(text.slice(0, 9000), () => response.destroy()),
    /aborted/,
  ],
  ['that ends early', (_, response) => response.end(text.slice(0, 9000)), /no JSON that is whole/],
  ['that does not come', () => {}, /nothing came for 10 s/],
  ['that is refused', (_, response) => response.writeHead(503).end(), /status 503, not 200/],
  ['without a row', (_, response) => response.end(text.replace(/\{[^}]+\},/, '')), /499 rows, not 500/],
])('a list %s is a fault, and ends nothing else', async (_, listener, fault) => {
  const { transfers, faults } = await take(await sourceOf(listener), fast, conditions)
  expect(transfers).toEqual([])
  expect(faults).toEqual([expect.stringMatching(fault)])
})

test('a slow reader that gets other bytes than a quick one did is a fault', async () => {
  let count = 0
  const source = await sourceOf((_, response) => response.end(count++ === 0 ? text : text.toUpperCase()))
  await take(source, fast, conditions)
  const { faults } = await take(source, { ...fast, bytesPerSecond: 1e6 }, conditions)
  expect(faults).toEqual(['not the bytes that the list had before'])
})
