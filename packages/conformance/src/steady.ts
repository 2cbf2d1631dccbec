import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'

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
/** What a database may take for an answer before it is told as a stall: as long as its members give each other. */
const answerMs = 1000

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
 * Asks a database itself, past everything that a test breaks, until it is disposed of. What it does not answer within a
 * second, because it stands still or has too few processors, it does not answer a stop either: that is told as a stall.
 */
export const watchDatabase = (ask: () => Promise<unknown>): AsyncDisposable => {
  let isOver = false
  const watch = async () => {
    while (!isOver) {
      const late = setTimeout(() => stalls++, answerMs)
      await ask().catch(() => stalls++)
      clearTimeout(late)
      await pause(10 * everyMs)
    }
  }
  const watching = watch()
  return {
    [Symbol.asyncDispose]: () => {
      isOver = true
      return watching
    },
  }
}

/** From now on: tells, when asked, whether the machine stood still, or a database that is watched. */
const watchMachine = (): (() => boolean) => {
  look()
  const before = stalls
  return () => {
    look()
    return stalls > before
  }
}

/**
 * What `body` gives. Where the machine stood still meanwhile, what it gives another time, three times at most: a time-out
 * of a second or two may have ended then what nothing was wrong with.
 *
 * @param discard ends what came of a time that does not count
 */
export const calmly = async <T>(
  body: () => Promise<T>,
  discard: (value: T) => Promise<unknown> = async () => {},
): Promise<T> => {
  for (let left = 2; ; left--) {
    const stoodStill = watchMachine()
    const value = await body()
    if (!stoodStill() || left === 0) return value
    await discard(value)
  }
}

/**
 * Runs `body`; again, twice at most, where it failed and the machine stood still meanwhile, or a database that is
 * watched. Where neither did, or where nothing fails, once: what is claimed is claimed of a machine that runs.
 */
export const undisturbed = async <T>(body: () => Promise<T>): Promise<T> => {
  for (let left = 2; ; left--) {
    const stoodStill = watchMachine()
    try {
      return await body()
    } catch (error) {
      if (!stoodStill() || left === 0) throw error
      process.stdout.write(
        `\nfailed while the machine or the database stood still, so it runs again: ${error}\n`,
      )
    }
  }
}
