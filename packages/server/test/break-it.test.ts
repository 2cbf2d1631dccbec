import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { ConnectionReport } from 'contract'
import { problemOf, serve } from './serve.ts'
import { readyDatabase } from './serve-database.ts'

// A stub in the place of the process that holds a database: what it does to one is tested on real ones.
const folder = mkdtempSync(join(tmpdir(), 'break-it-test-'))
const socketPath = join(folder, 'socket')
let holder: Server
let asked: string[]
const initialization = channel('fastify.initialization')
const nothing = () => {}
initialization.subscribe(nothing) // one that has a subscriber has another method to subscribe with
let preloaded: Parameters<typeof initialization.subscribe>[0][] = []
beforeEach(() => {
  asked = []
})
beforeAll(async () => {
  holder = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    if (method === 'GET') response.end('[]')
    else if (url?.includes('odd')) response.writeHead(500).end('no JSON')
    else if (url?.includes('slow')) setTimeout(() => response.writeHead(204).end(), 300)
    else if (url?.includes('pause')) response.writeHead(409).end('{"detail":"it is killed"}')
    else response.writeHead(204).end()
  }).listen(socketPath)
  await once(holder, 'listening')
  process.env.BREAK_IT_SOCKET = socketPath
  const subscribing = jest.spyOn(initialization, 'subscribe')
  await import('server/break-it')
  preloaded = subscribing.mock.calls.map(([subscriber]) => subscriber)
  subscribing.mockRestore()
})
// Jest runs other files in this process, and they share the channel: their servers are not to be breakable.
afterAll(() => {
  for (const subscriber of [nothing, ...preloaded]) initialization.unsubscribe(subscriber)
  holder.close()
  rmSync(folder, { recursive: true })
})

type Send = { method: string; path: string; headers?: Record<string, string> }

/** The status of a request with just these headers: fetch would set Host and Origin itself. */
const send = async (port: number, { method, path, headers = {} }: Send) => {
  const request = httpRequest({ host: '127.0.0.1', port, method, path, agent: false, headers }).end()
  const [response] = await once(request, 'response')
  return { status: response.statusCode, body: await text(response) }
}

const requests: Send[] = [
  { method: 'GET', path: '/break' },
  { method: 'POST', path: '/break/kill:0' },
  { method: 'DELETE', path: '/break/kill:0' },
  { method: 'DELETE', path: '/break' },
]

test('every request of this machine and of the page itself is handed on', async () => {
  const { port } = await serve({ database: readyDatabase })
  const own = {
    host: `localhost:${port}`,
    origin: `http://localhost:${port}`,
    'sec-fetch-site': 'same-origin',
  }
  for (const headers of [{}, own]) {
    for (const one of requests)
      expect((await send(port, { ...one, headers })).status).toBe(one.method === 'GET' ? 200 : 204)
  }
  expect(asked).toEqual([...requests, ...requests].map(({ method, path }) => `${method} ${path}`))
})

test.each([
  ['a page elsewhere', { origin: 'https://evil.example' }],
  ['a page elsewhere, by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
  ['a page on another port', { 'sec-fetch-site': 'same-site' }],
  ['a name rebound to this machine', { host: 'evil.example' }],
  ['a proxy', { 'x-forwarded-for': '203.0.113.7' }],
])('%s is refused with 403, and nothing is handed on', async (_, headers) => {
  const { port, url } = await serve({ database: readyDatabase })
  for (const one of requests) {
    const withHost = { host: new URL(url).host, ...headers }
    expect((await send(port, { ...one, headers: withHost })).status).toBe(403)
  }
  expect(asked).toEqual([])
})

test('/connection says that it can be broken, to those who may', async () => {
  const { port } = await serve({ database: readyDatabase, details: 'everyone' })
  const canBreak = async (headers: Record<string, string>) =>
    ConnectionReport.parse(
      JSON.parse((await send(port, { method: 'GET', path: '/connection', headers })).body),
    ).canBreak
  expect(await canBreak({})).toBe(true)
  expect(await canBreak({ host: 'evil.example' })).toBe(false)
})

test('a refusal is told as a problem, and so is that the process has ended', async () => {
  const { url } = await serve({ database: readyDatabase })
  const refused = await problemOf(await fetch(`${url}/break/pause:0`, { method: 'POST' }))
  expect(refused).toMatchObject({ status: 409, title: 'Conflict', detail: 'it is killed' })
  holder.close()
  holder.closeAllConnections()
  const gone = await problemOf(await fetch(`${url}/break`))
  expect(gone).toMatchObject({ status: 503, detail: expect.stringContaining('does not answer') })
  await once(holder.listen(socketPath), 'listening')
})

test('an answer that cannot be read is told too, and so is HEAD, for which there is none', async () => {
  const { url } = await serve({ database: readyDatabase })
  const odd = await problemOf(await fetch(`${url}/break/odd:0`, { method: 'POST' }))
  expect(odd).toMatchObject({ status: 503, detail: expect.stringContaining('is not valid JSON') })
  const head = await fetch(`${url}/break`, { method: 'HEAD' })
  expect([head.status, head.headers.get('allow'), asked]).toEqual([
    405,
    'DELETE, GET, OPTIONS',
    ['POST /break/odd:0'],
  ])
})

test('what takes longer than any other request may is waited for', async () => {
  const { url } = await serve({ database: readyDatabase, waits: { answerMs: 50, readerMs: 100 } })
  expect((await fetch(`${url}/break/slow:0`, { method: 'POST' })).status).toBe(204)
})
