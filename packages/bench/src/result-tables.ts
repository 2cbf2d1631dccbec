import { markdownTable, readable } from './markdown-table.ts'
import { type Result, wrongIn } from './results.ts'
import type { Run } from './run.ts'

/** What a work is, and on which database. */
export const titleOf = (rows: readonly Result[], runs: Record<string, Run>): string => {
  const [first] = rows
  if (first === undefined) return ''
  const facts = runs[first.run]?.databases[first.database]
  const database = facts ? ` (${facts.name} ${facts.version})` : ''
  return `${'title' in first ? first.title : (titles[first.work] ?? first.work)}${database}`
}

const titles: Record<string, string> = {
  million: 'GET /words, every row of a large table',
  start: 'From the start of the process until it listens',
  restart: 'From a change of the source until it listens again',
  stale: 'Words written through one process, and looked for through another',
  soak: 'Everything at once, for a long time',
}

/** The rows of one work on one database. */
export const resultTable = (rows: readonly Result[]): string => {
  const [head = []] = rows.map((row) => Object.keys(cellsOf(row)))
  return markdownTable(
    head,
    rows.map((row) => Object.values(cellsOf(row))),
  )
}

const cellsOf = (row: Result): Record<string, string> => {
  const wrong = wrongIn(row)
  // In a cell, a bar and a new line would be another cell and another row.
  const failed = wrong === undefined ? '' : `FAILED: ${wrong.replaceAll(/[|\s]+/g, ' ').slice(0, 120)}`
  switch (row.kind) {
    case 'load': {
      const { server, perSecond, cpuUs, busy, latencies, statementsPerRequest, peakRss } = row
      return {
        server,
        'requests/s': failed || readable(perSecond.median),
        'CPU µs/request (least)': cpuUs ? `${readable(cpuUs.median)} (${readable(cpuUs.least)})` : '-',
        busy: busy === null ? '-' : `${readable(busy * 100)}%`,
        'p50 / p99 ms': latencies ? latencyOf(latencies) : '-',
        'statements/request': statementsPerRequest === null ? '-' : statementsPerRequest.toFixed(2),
        'peak MB': orDash(peakRss),
      }
    }
    case 'list':
      return {
        server: row.server,
        readers: `${row.clients}${row.bytesPerSecond === null ? '' : `, ${row.bytesPerSecond / 1e6} MB/s at first`}`,
        rows: failed || row.rows.toLocaleString('en'),
        MB: orDash(row.megabytes),
        'first byte ms': orDash(row.firstByteMs),
        'all ms': orDash(row.totalMs),
        'CPU ms': orDash(row.cpuMs),
        'idle MB': orDash(row.idleRss),
        'peak MB': orDash(row.peakRss),
      }
    case 'stale':
      return {
        pairs: row.pairs.toLocaleString('en'),
        'lists too old': failed || readable(row.stale),
        lists: row.requests.toLocaleString('en'),
        statements: row.statements.toLocaleString('en'),
      }
    case 'start':
      return {
        server: row.server,
        'median ms': failed || orDash(row.ms?.median ?? null),
        least: orDash(row.ms?.least ?? null),
        most: orDash(row.ms?.most ?? null),
      }
    case 'soak':
      return {
        minutes: String(row.minutes),
        requests: failed || row.requests.toLocaleString('en'),
        'MB, thirds': row.rss.join(', '),
        'open files, thirds': row.handles.join(', '),
        'sockets, thirds': row.sockets.join(', '),
      }
  }
}

const orDash = (value: number | null): string => (value === null ? '-' : readable(value))

type Latency = { rate: number; achieved: number; p50: number | null; p99: number | null }

const latencyOf = ({ rate, achieved, p50, p99 }: Latency): string =>
  p50 === null
    ? `${readable((100 * achieved) / rate)}% of ${readable(rate)}/s`
    : `${p50.toFixed(1)} / ${p99?.toFixed(1) ?? '-'} at ${readable(achieved)}/s`
