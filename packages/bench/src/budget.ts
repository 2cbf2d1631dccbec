import type { Kind } from 'local-databases'
import type { Options } from './options.ts'
import { folderOf, type Plan, type Special, type Table } from './plan.ts'
import type { Work } from './works.ts'

/** Seconds, as measured on two cores, where the databases and their tables are new. */
const seconds = {
  /** Of a server, until it has answered. */
  start: 0.5,
  /** Of a server after a round, until it does nothing. */
  idle: 0.1,
  /** Of a database and of its table, until they are there. */
  database: { mysql: 6, scylla: 16 },
  /** A million rows written: three members have to write each of them. */
  fill: { mysql: 8, scylla: 220 },
  /** A million rows read by one client, and looked at. */
  list: { mysql: 2, scylla: 22 },
  /** A thousand words written and looked for. */
  pairs: { mysql: 0.5, scylla: 1 },
  /** The words of `put`, counted. */
  count: 2,
}

/** How long a run is going to take. */
export const plannedSeconds = (plan: Plan, options: Options): number =>
  sum(plan.files.map((work) => workSeconds(work, undefined, options))) +
  sum(
    plan.databases.map(
      ({ kind, tables }) =>
        seconds.database[kind] * leases(kind, tables) +
        sum(tables.map((table) => tableSeconds(kind, table, options))),
    ),
  )

/** How often a database is started: a large table is written before the measurements begin. */
const leases = (kind: Kind, tables: readonly Table[]): number => {
  const folders = new Set(tables.map(({ rows }) => folderOf(kind, rows)))
  return folders.size + [...folders].filter((folder) => folder !== kind).length
}

const tableSeconds = (kind: Kind, { rows, before, works, after }: Table, options: Options): number =>
  (seconds.fill[kind] * rows) / 1e6 +
  sum(works.map((work) => workSeconds(work, kind, options))) +
  sum([...before, ...after].map((special) => specialSeconds(special, kind, rows, options)))

const workSeconds = ({ contenders, marks }: Work, kind: Kind | undefined, options: Options): number => {
  const { rounds, latencySeconds } = options
  const each = seconds.start + rounds * (options.seconds + seconds.idle + latencySeconds)
  // On CQL none is warm before the end of it; of the others one a second, or, without a database, all.
  const most = { mysql: contenders.length, scylla: Number.POSITIVE_INFINITY, none: 1 }
  const warmUp = Math.min(options.warmUpSeconds, most[kind ?? 'none'])
  return warmUp + latencySeconds + contenders.length * each + (marks ? seconds.count : 0)
}

const specialSeconds = (special: Special, kind: Kind, rows: number, options: Options): number => {
  const { starts, pairs, listRounds, slowSeconds } = options
  const list = (seconds.list[kind] * rows) / 1e6
  switch (special) {
    case 'start':
      return 3 * (starts + 1) * seconds.start
    case 'restart':
      return seconds.start + starts * (1 + 2 * seconds.start)
    case 'stale':
      return 2 * seconds.start + (seconds.pairs[kind] * pairs) / 1000
    case 'million':
      // Of the slow clients, one alone and one of ten read the rest as fast as it comes.
      return 2 * seconds.start + 2 * listRounds * list + 2 * slowSeconds + 2 * list
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
