import { type Agent, request } from 'node:http'
import { paths } from 'contract'
import { steadyNow } from '../steady.ts'
import type { Stop } from '../stop.ts'
import { until } from '../until.ts'

/** One call and its answer. Times as `steadyNow()` gives them. */
export type Call = {
  kind: 'read' | 'list' | 'write'
  /** What the write was to add. */
  word: string
  startAt: number
  endAt: number
  /** 0: none came. */
  status: number
  retryAfter: string | undefined
  /** The reason: of a refusal, or why none came. */
  reason: string
}

/** Milliseconds after which a call counts as hanging. */
const hangMs = 10_000

/**
 * Calls a stop every `ms`, whether earlier calls have been answered or not: writes, pages and, every tenth, the whole
 * list. Each is a connection of its own, so that none is left when it is answered.
 */
export const callEvery = ({ url }: Pick<Stop, 'url'>, ms: number) => {
  const all: Call[] = []
  let waiting = 0
  let started = 0
  const next = async () => {
    const kind = started % 2 === 0 ? 'write' : started % 10 === 1 ? 'list' : 'read'
    started++
    waiting++
    all.push(await callOnce(url, kind, `call ${started}`))
    waiting--
  }
  let timer = setInterval(next, ms)
  const stop = async () => {
    clearInterval(timer)
    await until('the last answers', () => waiting === 0, hangMs + 5_000)
  }
  return {
    /** Every call that has been answered, in the order of the answers. */
    all,
    every: (newMs: number) => {
      clearInterval(timer)
      timer = setInterval(next, newMs)
    },
    /** No call from now on; resolves when those that wait have their answers. */
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * One GET of a page or of the whole list, or one PUT of a word. Never throws: what went wrong is in the call.
 *
 * @param agent whose connections it takes; one of its own unless given
 */
export const callOnce = (
  url: string,
  kind: Call['kind'],
  word: string,
  agent: Agent | false = false,
): Promise<Call> =>
  new Promise((resolve) => {
    const startAt = steadyNow()
    const done = (answer: Partial<Call>) =>
      resolve({
        kind,
        word,
        startAt,
        endAt: steadyNow(),
        status: 0,
        retryAfter: undefined,
        reason: '',
        ...answer,
      })
    const call = request(
      `${url}${paths.words}${kind === 'read' ? '?limit=10' : ''}`,
      {
        agent,
        signal: AbortSignal.timeout(hangMs),
        ...(kind === 'write' && { method: 'PUT', headers: { 'content-type': 'application/json' } }),
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part) => (text += part))
        response.on('error', (error) => done({ reason: `cut: ${error.message}` }))
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response
          done({ status, retryAfter: headers['retry-after'], reason: status < 300 ? '' : text })
        })
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) => done({ reason: error.code ?? error.message }))
    call.end(kind === 'write' ? JSON.stringify({ word, definition: 'during a fault' }) : undefined)
  })
