import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Health, Problem, Word } from 'contract'
import { pageDirectory } from '../src/index.ts'

/**
 * A stub of a stop: it serves the built page as a stop does and gives the answers it was told to. For what a real
 * stop can't be made to say at a given moment.
 */
export type CannedStop = {
  url: string
  health: Health
  words: Word[]
  /** What requests for words are refused with; undefined while they are not. */
  problem: Problem | undefined
  /** What adding a word is refused with; undefined while it is not. */
  addProblem: Problem | undefined
  /** Resolves when requests for words, and for adding one, may be answered. */
  gate: Promise<void>
  /** Seconds that a 503 asks to wait for. */
  retryAfterSeconds: number
  /** When words were asked for, in milliseconds. */
  askedAtMs: number[]
  close(): Promise<void>
}

export const connected: Health = {
  status: 'ok',
  stop: 'example-scylla',
  title: 'ScyllaDB',
  database: { name: 'ScyllaDB', version: '2025.4.1', tls: 'TLSv1.3', verified: true },
}

/** Starts a stub on a free port of 127.0.0.1. */
export const startCannedStop = async (words: Word[] = []): Promise<CannedStop> => {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stop')
    if (pathname === '/readyz') return json(response, stop.health.status === 'ok' ? 200 : 503, stop.health)
    if (pathname !== '/words') return sendFile(response, pathname)
    if (request.method === 'PUT') {
      let body = ''
      for await (const chunk of request) body += chunk
      await stop.gate
      if (stop.addProblem) return refuse(response, stop.addProblem)
      stop.words.push(JSON.parse(body))
      return response.writeHead(204).end()
    }
    stop.askedAtMs.push(performance.now())
    await stop.gate
    if (stop.problem) return refuse(response, stop.problem)
    const start = Number(searchParams.get('cursor') ?? 0)
    const end = start + Number(searchParams.get('limit'))
    const link: Record<string, string> =
      end < stop.words.length ? { link: `</words?limit=${end - start}&cursor=${end}>; rel="next"` } : {}
    json(response, 200, stop.words.slice(start, end), link)
  })
  const refuse = (response: ServerResponse, problem: Problem) =>
    json(
      response,
      problem.status,
      problem,
      problem.status === 503 ? { 'retry-after': String(stop.retryAfterSeconds) } : {},
    )
  const stop: CannedStop = {
    url: '',
    health: connected,
    words,
    problem: undefined,
    addProblem: undefined,
    gate: Promise.resolve(),
    retryAfterSeconds: 1,
    askedAtMs: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return stop
}

const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

const sendFile = async (response: ServerResponse, pathname: string): Promise<void> => {
  const path = pathname === '/' ? '/index.html' : pathname
  const content = await readFile(join(pageDirectory, path)).catch(() => undefined)
  if (content === undefined) return json(response, 404, { title: 'Not Found' })
  response.writeHead(200, {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'",
  })
  response.end(content)
}
