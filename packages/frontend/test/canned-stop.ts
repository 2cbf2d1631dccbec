import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { ConnectionReport, Problem, Word } from 'contract'
import { pageDirectory } from '../src/index.ts'
import { threeMembers } from './canned-reports.ts'

/** What `Break it` can do to the database, as a stop in development lists it. */
export type Breakable = { id: string; title: string; member: number | null; broken: boolean }

/**
 * A stub of a stop: it serves the built page as a stop does and gives the answers it was told to. For what a real
 * stop can't be made to say at a given moment.
 */
export type CannedStop = {
  url: string
  report: ConnectionReport
  words: Word[]
  /** What requests for words are refused with; undefined while they are not. */
  problem: Problem | undefined
  /** What adding a word is refused with; undefined while it is not. */
  addProblem: Problem | undefined
  /** Words that its table cannot hold, as one in latin1 cannot hold these: they are refused with a 422. */
  unholdable: readonly string[]
  /** Whether every connection is cut, as where no process is there any more. */
  isGone: boolean
  /** How many words are still to be stored without the answer getting through. */
  lostAnswers: number
  /** Whether it keeps Idempotency-Keys; where not, it refuses them. */
  keepsKeys: boolean
  /** Resolves when a word that comes without a key may be answered. */
  hangsKeyless: Promise<void> | undefined
  /** Resolves when requests for words, and for adding one, may be answered. */
  gate: Promise<void>
  /** Seconds that a 503 asks to wait for. */
  retryAfterSeconds: number
  /** When each path was asked for, in milliseconds. */
  askedAtMs: Map<string, number[]>
  /** Every attempt to add a word. */
  attempts: { key: string | undefined; word: Word }[]
  /** What can be broken; undefined where nothing can, as in production. */
  breakables: Breakable[] | undefined
  /** What breaking is refused with; undefined while it is not. */
  breakProblem: Problem | undefined
  close(): Promise<void>
}

/** Starts a stub on a free port of 127.0.0.1. */
export const startCannedStop = async (words: Word[] = []): Promise<CannedStop> => {
  const keys = new Set<string>()
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stop')
    stop.askedAtMs.set(pathname, [...(stop.askedAtMs.get(pathname) ?? []), performance.now()])
    if (stop.isGone) return request.socket.destroy()
    if (pathname === '/connection')
      return json(response, 200, { ...stop.report, canBreak: stop.breakables !== undefined })
    if (pathname.startsWith('/break'))
      return breakIt(response, request.method, pathname.slice('/break/'.length))
    if (pathname !== '/words') return sendFile(response, pathname)
    if (request.method === 'PUT') {
      let body = ''
      for await (const chunk of request) body += chunk
      await stop.gate
      const word: Word = JSON.parse(body)
      const key = request.headers['idempotency-key'] as string | undefined
      stop.attempts.push({ key, word })
      if (stop.addProblem) return refuse(response, stop.addProblem)
      if (key !== undefined && !stop.keepsKeys)
        return json(response, 501, { type: 'about:blank', title: 'Not Implemented', status: 501 })
      if (stop.unholdable.includes(word.word))
        return refuse(response, problem(422, 'its character set is latin1'))
      if (key === undefined) await stop.hangsKeyless
      if (key === undefined || !keys.has(key + body)) stop.words.push(word)
      if (key !== undefined) keys.add(key + body)
      if (stop.lostAnswers-- > 0) return request.socket.destroy()
      return response.writeHead(204).end()
    }
    await stop.gate
    if (stop.problem) return refuse(response, stop.problem)
    const start = Number(searchParams.get('cursor') ?? 0)
    const end = start + Number(searchParams.get('limit'))
    const link: Record<string, string> =
      end < stop.words.length ? { link: `</words?limit=${end - start}&cursor=${end}>; rel="next"` } : {}
    json(response, 200, stop.words.slice(start, end), link)
  })
  const breakIt = (response: ServerResponse, method = 'GET', id = '') => {
    if (stop.breakables === undefined) return json(response, 404, { title: 'Not Found', status: 404 })
    if (method === 'GET') return json(response, 200, stop.breakables)
    if (stop.breakProblem) return refuse(response, stop.breakProblem)
    stop.breakables = stop.breakables.map((one) =>
      id === '' || one.id === decodeURIComponent(id) ? { ...one, broken: method === 'POST' } : one,
    )
    return response.writeHead(204).end()
  }
  const refuse = (response: ServerResponse, problem: Problem) =>
    json(
      response,
      problem.status,
      problem,
      problem.status === 503 ? { 'retry-after': String(stop.retryAfterSeconds) } : {},
    )
  const stop: CannedStop = {
    url: '',
    report: threeMembers,
    words,
    problem: undefined,
    addProblem: undefined,
    unholdable: [],
    isGone: false,
    lostAnswers: 0,
    keepsKeys: true,
    hangsKeyless: undefined,
    gate: Promise.resolve(),
    retryAfterSeconds: 1,
    askedAtMs: new Map(),
    attempts: [],
    breakables: undefined,
    breakProblem: undefined,
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

/** A refusal, with what it says of itself. */
export const problem = (status: number, detail: string): Problem => ({
  type: 'about:blank',
  title: 'Problem',
  status,
  detail,
})

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
