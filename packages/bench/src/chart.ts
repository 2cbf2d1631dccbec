import type { Report } from './report.ts'
import { ofKind, type Result, wrongIn } from './results.ts'
import type { Run } from './run.ts'

/**
 * An SVG of the processor time per request at GET /words with 100 rows, a group of bars for each database, all of one
 * scale: who needs less serves more. A server with wrong answers, or with no right one, has no bar.
 */
export const chartOf = ({ results, runs }: Pick<Report, 'results' | 'runs'>): string => {
  const shown = ofKind(results, 'load').filter(({ work }) => work === 'words100')
  const most = Math.max(...shown.map(microseconds))
  const parts: string[] = []
  let y = 60
  for (const rows of Map.groupBy(shown, ({ database }) => database).values()) {
    parts.push(
      `<text x="20" y="${y}" class="group">${groupOf(rows[0], runs)}</text>`,
      `<text x="20" y="${y + 18}" class="machine">${machineOf(runs[rows[0]?.run ?? ''])}</text>`,
    )
    y += 32
    for (const row of rows.toSorted((a, b) => order(a) - order(b))) {
      const us = microseconds(row)
      const width = us === 0 ? 0 : Math.max(2, (420 * us) / most)
      const kind = row.server.startsWith('ours') ? 'ours' : 'peer'
      const value = wrongIn(row) ? 'failed' : row.cpuUs === null ? 'not known' : `${us.toFixed(0)} µs`
      parts.push(
        `<text x="210" y="${y + 15}" class="name">${row.server}</text>`,
        `<rect x="220" y="${y + 2}" width="${width.toFixed(0)}" height="18" rx="2" class="${kind}"/>`,
        `<text x="${(228 + width).toFixed(0)}" y="${y + 15}" class="value">${value}</text>`,
      )
      y += 24
    }
    y += 26
  }
  const title = 'Processor time per GET /words of 100 rows, 32 connections (less is better)'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${y}" role="img" aria-label="${title}">
<style>
  svg { background: #fff; font: 13px system-ui, sans-serif } text { fill: #24292f } rect { stroke: none }
  .title { font-size: 15px; font-weight: 600 } .group { font-weight: 600 } .name { text-anchor: end }
  .machine { fill: #57606a; font-size: 12px } .ours { fill: #0969da } .peer { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 } text { fill: #e6edf3 } .machine { fill: #8d96a0 } .ours { fill: #4493f8 } .peer { fill: #484f58 }
  }
</style>
<text x="20" y="26" class="title">${title}</text>
${parts.join('\n')}
</svg>
`
}

/** The database of some rows, as it said of itself when they were measured. */
const groupOf = (row: { database: string; run: string } | undefined, runs: Report['runs']): string => {
  const facts = runs[row?.run ?? '']?.databases[row?.database ?? '']
  if (facts === undefined) return row?.database ?? ''
  const { name, version, members } = facts
  return `${name} ${version}${members > 1 ? `, ${members} members, LOCAL_QUORUM` : ''}`
}

/** The length of a bar; 0 where there is none. */
const microseconds = (row: Result & { kind: 'load' }): number =>
  wrongIn(row) === undefined ? (row.cpuUs?.least ?? 0) : 0

const machineOf = (run: Run | undefined): string =>
  run ? `${run.processor}, ${run.cores} cores, Node.js ${run.node}, ${run.client}` : ''

/** One query a request leads: it is the one without a trick. */
const order = ({ server }: { server: string }): number =>
  [
    'ours, one query a request',
    'floor',
    'fastify',
    'express',
    'ours',
    'express sharing reads',
    'limit',
  ].indexOf(server)
