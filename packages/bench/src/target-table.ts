import { markdownTable, readable } from './markdown-table.ts'
import type { Verdict } from './targets.ts'

const names: Record<string, string> = { mysql: 'MySQL', scylla: 'CQL', none: 'no database' }

/** What was to be reached, for a terminal and for a README alike. */
export const targetTable = (verdicts: readonly Verdict[]): string =>
  markdownTable(
    ['what', 'database', 'measured', 'wanted', ''],
    verdicts.map(({ what, database, measured, wanted, verdict, remark }) => [
      what,
      names[database] ?? database,
      measured === null ? '-' : figure(measured),
      wanted,
      remark === undefined ? verdict : `${verdict}; ${remark}`,
    ]),
  )

/** Ratios need two digits after the point: 1.10 is met and 1.14 is not. */
const figure = (value: number): string => (value < 20 ? String(Number(value.toFixed(2))) : readable(value))
