import { setTimeout as wait } from 'node:timers/promises'

/** Resolves when the condition holds; looks every few milliseconds. */
export const until = async (condition: () => boolean, deadlineMs: number): Promise<void> => {
  // A turn counts for 50 ms at most: where the machine stood still, so did what is waited for.
  for (let leftMs = deadlineMs; !condition(); ) {
    if (leftMs < 0) throw new Error(`not within ${deadlineMs} ms`)
    const lookedAt = performance.now()
    await wait(5)
    leftMs -= Math.min(performance.now() - lookedAt, 50)
  }
}
