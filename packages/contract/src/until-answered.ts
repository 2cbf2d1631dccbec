import type { ProblemError } from './client.ts'
import { limits } from './limits.ts'

export type Times = {
  /** Ends it at once. */
  signal?: AbortSignal
  /** Milliseconds after which it gives up, 30,000 unless given; with 0 there is one attempt. */
  deadlineMs?: number
}

/** Nobody knows whether the word is stored: an attempt may have stored it, whatever was said after that. */
export class InDoubtError extends Error {
  /** The Idempotency-Key of every attempt: the word that is added again with it is there once. */
  readonly key: string

  /**
   * @param told what was thrown last
   * @param cause what the first attempt threw that may have stored the word
   */
  constructor(key: string, told: unknown, cause: unknown) {
    const said = (told as Error).message.replace(/\.$/, '')
    super(`${said}. An attempt may have stored the word: add it again with the key ${key}.`, { cause })
    this.name = 'InDoubtError'
    this.key = key
  }
}

/**
 * Whether a word may be stored whose sending threw this: not after a 4xx or a 501, nor after a 503 of a stop, which says
 * so where it cannot know. A 503 that says nothing is a proxy's. Where no connection came about nothing was sent; of a browser
 * that is not to be had.
 */
export const isInDoubt = (error: unknown): boolean => {
  if (unsent.test((error as { cause?: { code?: string } }).cause?.code ?? '')) return false
  const { status = 500, detail } = (error as Partial<ProblemError>).problem ?? {}
  if (status === 503 && detail !== undefined) return detail.includes('may or may not have been stored')
  return status >= 500 && status !== 501
}

const unsent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/

/** Milliseconds for one attempt: a stop answers in `limits.answerMs`, so a connection that is silent then is lost. */
export const attemptMs = limits.answerMs + 1500

/**
 * Attempts again after a 503 or a lost connection, until the deadline: not before Retry-After, and spread at random
 * over a time that doubles from 100 ms to 2 s, so that clients that were cut off together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). For what may be sent twice.
 *
 * @param key the Idempotency-Key of every attempt; without one there is to be one attempt
 *
 * @throws any other refusal, at once; else what the last attempt threw that was answered or cut off; in the place of
 * both {@link InDoubtError}, where another attempt may have stored the word
 */
export const untilAnswered = async <Answer>(
  attempt: (signal: AbortSignal) => Promise<Answer>,
  { signal, deadlineMs = 30_000 }: Times,
  key = '',
): Promise<Answer> => {
  const end = performance.now() + deadlineMs
  let leftMs = deadlineMs
  let told: unknown
  let doubt: unknown
  for (let spreadMs = 100; ; spreadMs = Math.min(2 * spreadMs, 2000)) {
    const late = AbortSignal.timeout(leftMs > 0 ? Math.min(Math.ceil(leftMs), attemptMs) : attemptMs)
    try {
      return await attempt(signal ? AbortSignal.any([signal, late]) : late)
    } catch (error) {
      if (signal?.aborted) throw error
      const { problem, retryAfterSeconds = 0 } = error as Partial<ProblemError>
      if (isInDoubt(error)) doubt ??= error
      if (problem !== undefined || !late.aborted) told = error
      const pauseMs = retryAfterSeconds * 1000 + spreadMs * (0.5 + Math.random() / 2)
      const isRefused = problem !== undefined && problem.status !== 503
      const isLast = isRefused || performance.now() + pauseMs >= end
      if (!isLast) await pause(pauseMs, signal)
      leftMs = end - performance.now()
      // What cannot be tried again in time is told now; a pause may end late.
      if (isLast || leftMs <= 0) {
        const last = told ?? error
        throw doubt === undefined || doubt === last ? last : new InDoubtError(key, last, doubt)
      }
    }
  }
}

/** Waits; throws the signal's reason at once when it aborts. */
const pause = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop)
  })
