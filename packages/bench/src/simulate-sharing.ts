import { markdownTable } from './markdown-table.ts'
import { seeded } from './seeded.ts'

/**
 * How many reads one query serves where readers ask again as soon as they have their answer. As in sharedReads: one
 * query runs, one waits for its end, and a read joins the one that waits.
 *
 * @param queryMs what a query takes, give or take a half
 * @param returnMs what an answer takes to its reader, and the next request from there, give or take a half
 */
export const readsPerQuery = (readers: number, queryMs: number, returnMs: number): number => {
  const random = seeded(1)
  const about = (ms: number) => ms * (0.5 + random())
  // When each reader asks next. Nobody has asked yet.
  const asks = Array.from({ length: readers }, () => about(returnMs))
  let now = 0
  let served = 0
  const queries = 5000
  for (let query = 0; query < queries; query++) {
    // Sent with all who have asked by then; where there are none, as soon as the first one does.
    now = Math.max(now, Math.min(...asks))
    const sent = now
    now += about(queryMs)
    for (const [reader, asked] of asks.entries()) {
      if (asked > sent) continue
      served++
      asks[reader] = now + about(returnMs)
    }
  }
  return served / queries
}

export const sharingTable = (): string =>
  markdownTable(
    ['readers', 'a query takes', 'the way to a reader and back', 'reads per query'],
    [
      [32, 1, 0.1],
      [32, 1, 1],
      [32, 1, 10],
      [32, 4, 1],
      [320, 4, 10],
      [3200, 4, 100],
    ].map(([readers = 0, queryMs = 0, returnMs = 0]) => [
      String(readers),
      `${queryMs} ms`,
      `${returnMs} ms`,
      readsPerQuery(readers, queryMs, returnMs).toFixed(1),
    ]),
  )
