import { setTimeout as pause } from 'node:timers/promises'

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
  const end = performance.now() + deadlineMs
  while (performance.now() < end) {
    const value = await condition()
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    await pause(20)
  }
  throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
}
