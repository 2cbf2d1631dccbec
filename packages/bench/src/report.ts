import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { chartOf } from './chart.ts'
import { root } from './programs.ts'
import { reportText } from './report-text.ts'
import { merged, type Result } from './results.ts'
import type { Run } from './run.ts'
import { type Verdict, verdictsOf } from './targets.ts'

/** Everything that is known: rows of several runs, if need be, each with the name of its own. */
export type Report = { runs: Record<string, Run>; targets: Verdict[]; results: Result[] }

/** Where it is kept: in the repository when it is to be shown, otherwise where git does not look. */
const filesOf = (isRecord: boolean) => {
  const folder = isRecord ? join(root, 'packages/bench') : join(root, '.local/bench')
  return {
    results: join(folder, 'results.json'),
    text: join(folder, 'RESULTS.md'),
    chart: isRecord ? join(root, 'docs/images/bench.svg') : join(folder, 'bench.svg'),
  }
}

/**
 * Keeps what a run measures, together with what earlier ones did of other works: written after every work, so that a
 * run that is broken off has what it measured.
 */
export const openReport = (run: Run, isRecord: boolean) => {
  const files = filesOf(isRecord)
  const measured: Result[] = []
  return {
    files: Object.values(files),
    measured: measured as readonly Result[],
    targets: () => verdictsOf(merged(read(files.results).results, measured)),
    add: (database: string, work: string, rows: readonly Unlabelled[]): void => {
      const labels = { run: run.measured, database, work }
      measured.push(...rows.map((row) => ({ ...labels, ...row, fault: withoutRoot(row.fault) })))
      // Read anew each time: another run may have written meanwhile.
      const report = reportOf(read(files.results), run, measured)
      for (const file of Object.values(files)) mkdirSync(dirname(file), { recursive: true })
      // Whole or not at all: what cannot be read counts as nothing known.
      writeFileSync(`${files.results}.new`, `${JSON.stringify(report, null, 2)}\n`)
      renameSync(`${files.results}.new`, files.results)
      writeFileSync(files.text, reportText(report))
      writeFileSync(files.chart, chartOf(report))
    },
  }
}

/** An error may name files; where this repository is on somebody's machine is nobody else's business. */
const withoutRoot = (fault: string | null): string | null =>
  fault?.replaceAll(`file://${root}/`, '').replaceAll(`${root}/`, '') ?? null

/** A row before it is known which run it belongs to. */
type Unlabelled = Result extends infer Row
  ? Row extends Result
    ? Omit<Row, 'run' | 'database' | 'work'>
    : never
  : never

/** The rows of all runs, and those runs that have a row. */
export const reportOf = (
  earlier: Pick<Report, 'runs' | 'results'>,
  run: Run,
  measured: readonly Result[],
): Report => {
  const results = merged(earlier.results, measured)
  const known = Object.entries({ ...earlier.runs, [run.measured]: run })
  const runs = Object.fromEntries(known.filter(([name]) => results.some((row) => row.run === name)))
  return { runs, targets: verdictsOf(results), results }
}

/** What is in a file; nothing where there is none, or one of another form. */
const read = (file: string): Pick<Report, 'runs' | 'results'> => {
  try {
    const { runs, results } = JSON.parse(readFileSync(file, 'utf8'))
    if (runs && Array.isArray(results)) return { runs, results }
  } catch {}
  return { runs: {}, results: [] }
}
