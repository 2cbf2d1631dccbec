import type { Call } from './calls.ts'

/** What a fault did to a stop: one line of the summary. */
export type Result = {
  fault: string
  calls: number
  slowestMs: number
  /** Calls that were told 503, or that got no answer, while the fault lasted. */
  failedDuring: number
  /** Milliseconds from the end of the fault to the first answer that was no refusal. */
  firstSuccessMs: number
  /** Calls that got no answer at all, and answers that are neither a success nor a 503 with Retry-After. */
  wrong: Call[]
  /** Those that failed among the calls that were made after the first success. */
  /** What the stop itself calls an error: an answer of 500, above all. */
  errors: string[]
  failedAfter: Call[]
  sockets: [before: number, after: number]
  megabytes: [before: number, after: number]
}

/** The results as a table for a terminal. */
export const summaryOf = (title: string, results: readonly Result[]): string => {
  const columns = [
    'fault',
    'calls',
    'slowest ms',
    'failed during',
    'first success ms',
    'failed after',
    'sockets',
    'MB',
  ]
  const rows = results.map((result) => [
    result.fault,
    result.calls,
    result.slowestMs,
    result.failedDuring,
    result.firstSuccessMs,
    result.failedAfter.length,
    result.sockets.join(' → '),
    result.megabytes.join(' → '),
  ])
  const table = [columns, ...rows].map((row) => row.map(String))
  const widths = columns.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return `\n${title}\n${lines.map((line) => `  ${line.trimEnd()}\n`).join('')}`
}
