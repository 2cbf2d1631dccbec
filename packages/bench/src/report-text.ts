import { markdownTable } from './markdown-table.ts'
import type { Report } from './report.ts'
import { resultTable, titleOf } from './result-tables.ts'
import type { Run } from './run.ts'
import { targetTable } from './target-table.ts'

/** The whole report as a page: what was to be reached, every work on every database, and what it was measured on. */
export const reportText = ({ runs, targets, results }: Report): string => {
  const works = Map.groupBy(results, ({ database, work }) => `${work} ${database}`)
  const sections = [...works.values()].map((rows) => `### ${titleOf(rows, runs)}\n\n${resultTable(rows)}`)
  return `# Results

Written by \`pnpm bench --record\`; nothing here is written by hand. [README.md](README.md) says how it is measured; a row is
of the run that the last table has, and as the benchmark of that commit measured it.

## What was to be reached

Ratios are of rows of one run. Requests a second and times are medians of the rounds; processor time per request is the
least of the rounds, because whatever else runs on the machine can only add to it.

${targetTable(targets)}

## What was measured

${sections.join('\n\n')}

## What it was measured on

${runTable(runs)}
`
}

const runTable = (runs: Record<string, Run>): string =>
  markdownTable(
    ['run', 'machine', 'commit', 'with', 'databases', 'rounds'],
    Object.values(runs).map((run) => [
      run.measured,
      `${run.processor}, ${run.cores} cores, ${run.memoryGb} GB${run.pinned ? '' : ', not pinned'}`,
      run.commit ?? 'unknown',
      [`Node.js ${run.node}`, ...Object.entries(run.versions).map((one) => one.join(' ')), run.client].join(
        ', ',
      ),
      Object.values(run.databases)
        .map(
          ({ name, version, members, way }) =>
            `${name} ${version}${members > 1 ? `, ${members} members` : ''}${way ? `, ${way}` : ''}`,
        )
        .join('; '),
      `${run.rounds} of ${run.seconds} s${run.quick ? ', quick' : ''}${run.source ? ', from source' : ''}`,
    ]),
  )
