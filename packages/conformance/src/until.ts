import { setTimeout as pause } from 'node:timers/promises'
import { steadyNow } from './steady.ts'

/**
 * Waits for a condition and resolves with the first value of `condition` that is neither undefined nor false.
 *
 * @param what the condition in words, for the message, such as `the port to open`
 * @throws the error that `condition` throws, at once; an Error once `deadlineMs` have passed
 */
export const until = async <T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<T, undefined | false>> => {
  const end = steadyNow() + deadlineMs
  for (;;) {
    // Before the condition: it is looked at once more when the time is over.
    const isLast = steadyNow() >= end
    const value = await condition()
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    if (isLast) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await pause(20)
  }
}
