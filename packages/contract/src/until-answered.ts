import type { ProblemError } from './client.ts'
import { limits } from './limits.ts'

export type Times = {
  /** Ends it at once. */
  signal?: AbortSignal
  /** Milliseconds after which it gives up, 30,000 unless given; with 0 there is one attempt. */
  deadlineMs?: number
}

/** Milliseconds for one attempt: a stop answers in `limits.answerMs`, so a connection that is silent then is lost. */
const attemptMs = limits.answerMs + 1500

/**
 * Attempts again after a 503 or a lost connection, until the deadline: not before Retry-After, and spread at random
 * over a time that doubles from 100 ms to 2 s, so that clients that were cut off together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). For what may be sent twice.
 *
 * @throws any other refusal, at once; else what the last attempt threw that was not ended by the deadline itself
 */
export const untilAnswered = async <Answer>(
  attempt: (signal: AbortSignal) => Promise<Answer>,
  { signal, deadlineMs = 30_000 }: Times,
): Promise<Answer> => {
  const end = performance.now() + deadlineMs
  let reason: unknown
  for (let spreadMs = 100; ; spreadMs = Math.min(2 * spreadMs, 2000)) {
    const leftMs = Math.ceil(end - performance.now())
    const late = AbortSignal.timeout(leftMs > 0 ? Math.min(leftMs, attemptMs) : attemptMs)
    try {
      return await attempt(signal ? AbortSignal.any([signal, late]) : late)
    } catch (error) {
      const { problem, retryAfterSeconds = 0 } = error as Partial<ProblemError>
      if (signal?.aborted || (problem !== undefined && problem.status !== 503)) throw error
      if (!late.aborted) reason = error
      const pauseMs = retryAfterSeconds * 1000 + spreadMs * (0.5 + Math.random() / 2)
      // What cannot be tried again in time is told now.
      if (performance.now() + pauseMs >= end) throw reason ?? error
      await pause(pauseMs, signal)
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
