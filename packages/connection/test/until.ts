import { setTimeout as wait } from 'node:timers/promises'

/** Resolves when the condition holds; looks every few milliseconds. */
export const until = async (condition: () => boolean, deadlineMs: number): Promise<void> => {
  const end = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms`)
    await wait(5)
  }
}
