import type { Result } from './results.ts'
import type { Figure, Wanted } from './target-figures.ts'
import { rules } from './target-rules.ts'

/** What was to be reached, and what was measured. */
export type Verdict = {
  database: string
  what: string
  /** Null where there is nothing to tell. */
  measured: number | null
  wanted: string
  /** "failed": a row that it needs has wrong answers. "not measured": or not all of it in one run. "-": no target. */
  verdict: 'met' | 'MISSED' | 'failed' | 'not measured' | '-'
  /** What is to be known about the figure. */
  remark?: string | undefined
}

/**
 * Holds the results against what was to be reached.
 *
 * Requests a second and times are medians of the rounds. Processor time per request is the least of the rounds: whatever
 * else runs on the machine can only add to it. Ratios are of rows of one run only.
 */
export const verdictsOf = (results: readonly Result[]): Verdict[] =>
  rules.flatMap(({ what, databases, wanted, figure, remark }) =>
    databases.map((database) => {
      const rows = results.filter((one) => one.database === database)
      const found = figure(rows)
      return {
        database,
        what,
        measured: typeof found === 'number' ? found : null,
        wanted: inWords(wanted),
        verdict: verdictOf(found, wanted),
        remark: typeof found === 'number' ? remark?.(rows) : undefined,
      }
    }),
  )

const verdictOf = (found: Figure, { least, most }: Wanted): Verdict['verdict'] => {
  if (found === undefined) return 'not measured'
  if (found === 'failed' || Number.isNaN(found)) return 'failed'
  if (least === undefined && most === undefined) return '-'
  return found >= (least ?? -Infinity) && found <= (most ?? Infinity) ? 'met' : 'MISSED'
}

const inWords = ({ least, most, unit = '' }: Wanted): string => {
  if (least === undefined && most === undefined) return '-'
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`
  return least === undefined ? `at most ${most}${unit}` : `at least ${least}${unit}`
}
