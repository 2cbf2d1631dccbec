import { performance } from 'node:perf_hooks'

/**
 * A machine that others use, too, may stand still for seconds. What is tested stands still with it, and then its own
 * time-outs may come before the answers that were there in time. This tells such a moment from a slow answer: while all
 * processes stand still, an interval of this one does not come.
 */
const everyMs = 20
/** The most that a gap between two looks counts for: 20 ms, and what a busy machine makes of it. */
const mostGapMs = 250
/** A gap that long is told as a stall: half of what a member of a database waits for another one, which stood still, too. */
const stallMs = 400

let steadyMs = 0
let stalls = 0
let lookedAt = performance.now()

const look = () => {
  const now = performance.now()
  const gapMs = now - lookedAt
  lookedAt = now
  steadyMs += Math.min(gapMs, mostGapMs)
  if (gapMs > stallMs) stalls++
}
setInterval(look, everyMs).unref()

/** As `performance.now()`, in milliseconds, without the time in which the whole machine stood still. */
export const steadyNow = (): number => {
  look()
  return steadyMs
}

/**
 * Runs `body`; again, twice at most, where it failed and the machine stood still meanwhile. Where it did not, or where
 * nothing fails, once: what is claimed is claimed of a machine that runs.
 */
export const undisturbed = async <T>(body: () => Promise<T>): Promise<T> => {
  for (let left = 2; ; left--) {
    look()
    const before = stalls
    try {
      return await body()
    } catch (error) {
      look()
      if (stalls === before || left === 0) throw error
      process.stdout.write(`\nfailed while the machine stood still, so it runs again: ${error}\n`)
    }
  }
}
