import { ProblemError } from 'contract/client'

/**
 * Milliseconds to wait for at least, where what failed may work a moment later: nothing answered, or the stop, or a proxy
 * before it, said 502, 503 or 504. Undefined where another attempt would end in the same way. An hour at most: a timer of
 * more than 24 days ends at once (https://developer.mozilla.org/docs/Web/API/Window/setTimeout#maximum_delay_value).
 */
export const retryAfterMs = (error: unknown): number | undefined => {
  if (!(error instanceof ProblemError)) return 0
  return [502, 503, 504].includes(error.problem.status)
    ? Math.min(error.retryAfterSeconds ?? 0, 3600) * 1000
    : undefined
}

/** Milliseconds before the next attempt after `failures` in a row: 1 s, growing to 4 s, spread so that tabs part. */
export const backOffMs = (failures: number): number =>
  Math.min(4000, 1000 * 1.5 ** (failures - 1)) * (0.8 + 0.4 * Math.random())

/**
 * Runs `task` after `delayMs`; where nobody looks at the tab by then, once it is looked at again.
 * Calling what it gives back cancels it.
 */
export const whenSeen = (delayMs: number, task: () => void): (() => void) => {
  const cancelled = new AbortController()
  const run = () => {
    if (document.hidden) return
    cancelled.abort()
    task()
  }
  const timer = setTimeout(() => {
    document.addEventListener('visibilitychange', run, { signal: cancelled.signal })
    run()
  }, delayMs)
  return () => {
    clearTimeout(timer)
    cancelled.abort()
  }
}
