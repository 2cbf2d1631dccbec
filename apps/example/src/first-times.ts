import { limits } from 'contract'

/** Ids that are kept at most, at some 100 bytes each: memory stays bounded however many words come in a day. */
const mostIds = 100_000

/**
 * Tells whether an id comes for the first time in {@link limits.keyHours}. Where more than {@link mostIds} come in that
 * time, the oldest are forgotten before.
 */
export const firstTimes = (now: () => number = Date.now) => {
  // A Map keeps the order in which ids were added, which is that of their times.
  const addedAt = new Map<string, number>()

  return (id: string): boolean => {
    for (const [old, at] of addedAt) {
      if (now() - at < limits.keyHours * 3_600_000) break
      addedAt.delete(old)
    }
    if (addedAt.has(id)) return false
    const [oldest] = addedAt.keys()
    if (addedAt.size >= mostIds && oldest !== undefined) addedAt.delete(oldest)
    addedAt.set(id, now())
    return true
  }
}
