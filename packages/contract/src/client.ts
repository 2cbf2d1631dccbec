import type { ConnectionReport } from './connection.ts'
import { paths } from './limits.ts'
import type { Health, Problem } from './problems.ts'
import { type Times, untilAnswered } from './until-answered.ts'
import type { Word, Words } from './words.ts'

export { attemptMs, isInDoubt } from './until-answered.ts'

/** A refusal by the service, with everything it said. */
export class ProblemError extends Error {
  readonly problem: Problem
  /** Seconds after which the service asks to be tried again; undefined when it did not say. */
  readonly retryAfterSeconds: number | undefined

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail ?? problem.title)
    this.name = 'ProblemError'
    this.problem = problem
    this.retryAfterSeconds = retryAfterSeconds
  }
}

type Options = { signal?: AbortSignal }

type PutOptions = Options & { key?: string | undefined }

/** `key`: the Idempotency-Key to send, a UUID; a new one for each call unless given. */
type AddOptions = Times & { key?: string }

/**
 * A client of the contract, for a test or a program.
 *
 * @param baseUrl where the stop is, such as `http://localhost:8081`; in a page, `''`
 * @param fetch the fetch to use; the platform's own unless given
 *
 * Its functions throw {@link ProblemError} when the service refuses, and what `fetch` throws when it cannot be
 * reached. The types are those of the schemas; the schemas themselves (and zod) stay out, to keep a page small.
 */
export const createClient = (baseUrl: string, fetch?: typeof globalThis.fetch) => {
  const client = createPlainClient(baseUrl, fetch)
  return {
    ...client,

    /**
     * Adds a word; resolves when the database has it, once. Every attempt sends the same Idempotency-Key, so that a 503
     * and a connection that is lost can be followed by another one; any other refusal is thrown at once. Where an
     * attempt before it may have stored the word, an `InDoubtError` with the key is thrown instead.
     *
     * A stop that cannot keep keys says 501: without a key of the caller's own, the word is then sent once without one,
     * unless it is in doubt.
     */
    add: async (word: Word, { key, ...times }: AddOptions = {}): Promise<void> => {
      const put = (key?: string) => (signal: AbortSignal) => client.put(word, { key, signal })
      const sent = key ?? newKey()
      try {
        await untilAnswered(put(sent), times, sent)
      } catch (error) {
        const keepsNoKeys = error instanceof ProblemError && error.problem.status === 501
        if (key !== undefined || !keepsNoKeys) throw error
        await untilAnswered(put(), { ...times, deadlineMs: 0 })
      }
    },
  }
}

/** The same without `add`, for a page, which tries again in its own way, over a reload as well. */
export const createPlainClient = (baseUrl: string, fetch: typeof globalThis.fetch = globalThis.fetch) => {
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${baseUrl}${path}`, init)
    if (!response.ok) throw await problemOf(response)
    return response
  }
  const pageAt = async (path: string, options: Options) => {
    const response = await call(path, options)
    return { words: (await response.json()) as Words, next: nextOf(response) }
  }
  return {
    /** Every word. For a table that may be large, take {@link pages}. */
    words: async (options: Options = {}): Promise<Words> =>
      (await (await call(paths.words, options)).json()) as Words,

    /** One page of 1–1000 words; `next`, given back, gets the page after it; undefined on the last page. */
    page: (limit: number, next?: string, options: Options = {}) =>
      pageAt(next ?? `${paths.words}?limit=${limit}`, options),

    /** Page after page, until there are no more. */
    async *pages(limit: number, options: Options = {}): AsyncGenerator<Words> {
      let next: string | undefined = `${paths.words}?limit=${limit}`
      while (next !== undefined) {
        const page: { words: Words; next: string | undefined } = await pageAt(next, options)
        yield page.words
        next = page.next
      }
    },

    /** Sends a word once, with `key` as its Idempotency-Key; resolves when the database has it. */
    put: async ({ word, definition }: Word, { key, ...options }: PutOptions = {}): Promise<void> => {
      const json = { 'content-type': 'application/json' }
      const headers = key === undefined ? json : { ...json, 'idempotency-key': key }
      await call(paths.words, {
        method: 'PUT',
        headers,
        body: JSON.stringify({ word, definition }),
        ...options,
      })
    },

    /** Whether the stop can serve, with the reason when it cannot: a 503 here is an answer, not an error. */
    ready: async (options: Options = {}): Promise<Health> =>
      (await (await fetch(`${baseUrl}${paths.readyz}`, options)).json()) as Health,

    /** How the connection to the database stands, now. */
    connection: async (options: Options = {}): Promise<ConnectionReport> =>
      (await (await call(paths.connection, options)).json()) as ConnectionReport,
  }
}

/**
 * A new Idempotency-Key: a random UUID (version 4). `crypto.randomUUID` is missing where a page came over plain http
 * from another machine (https://developer.mozilla.org/docs/Web/API/Crypto/randomUUID).
 */
export const newKey = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-4$3-8$4-')
}

/** The target of `Link: <…>; rel="next"` (RFC 8288), or undefined. */
const nextOf = (response: Response): string | undefined =>
  /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1]

const problemOf = async (response: Response): Promise<ProblemError> => {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  // Over HTTP/2 there is no reason phrase.
  const title = response.statusText || `The answer was ${response.status}, without a reason`
  const fallback = { type: 'about:blank', title, status: response.status }
  const body = (await response.json().catch(() => undefined)) as Problem | undefined
  const problem: Problem =
    typeof body?.title === 'string' ? { ...fallback, ...body, status: response.status } : fallback
  // What is not as the contract has it is another one's, a proxy's: of that, the title is enough.
  if (typeof problem.detail !== 'string') delete problem.detail
  if (!Array.isArray(problem.errors) || !problem.errors.every(isFieldError)) delete problem.errors
  return new ProblemError(problem, Number.isNaN(retryAfter) ? undefined : retryAfter)
}

const isFieldError = (one: unknown): boolean => {
  const { field, message } = (one ?? {}) as Record<string, unknown>
  return typeof field === 'string' && typeof message === 'string'
}
