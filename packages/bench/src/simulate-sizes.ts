import { markdownTable } from './markdown-table.ts'

/** The pool of a MySQL stop, and the connection that it watches the server with. */
const perMysqlStop = 10 + 1
/** What MySQL takes unless told otherwise (max_connections). */
const mysqlTakes = 151

/** One to each member: the driver follows the cluster on one of them (cassandra-driver 4.10, control-connection.js). */
const perCqlStop = (members: number): number => members

export const connectionTable = (): string =>
  markdownTable(
    ['processes', 'MySQL, pool of 10', 'CQL, 3 members', 'CQL, 12 members'],
    [1, 4, Math.floor(mysqlTakes / perMysqlStop), 50].map((processes) => [
      String(processes),
      `${processes * perMysqlStop}${processes * perMysqlStop > mysqlTakes ? ` (over ${mysqlTakes})` : ''}`,
      String(processes * perCqlStop(3)),
      String(processes * perCqlStop(12)),
    ]),
  )

const words = 1e9
/** JSON of a row, as the tables of the benchmark have them. */
const bytesPerWord = 100

export const billionTable = (): string => {
  const gigabytes = (words * bytesPerWord) / 1e9
  const hours = (megabytesPerSecond: number) => (gigabytes * 1000) / megabytesPerSecond / 3600
  return markdownTable(
    ['the whole list of 10⁹ words', ''],
    [
      ['JSON', `${gigabytes} GB`],
      ['statements of 2,000 rows, one after the other', (words / 2000).toLocaleString('en')],
      ['at 100 MB/s', `${(hours(100) * 60).toFixed(0)} min`],
      ['at 10 MB/s', `${hours(10).toFixed(1)} h`],
      ['at 1 MB/s', `${hours(1).toFixed(0)} h`],
    ],
  )
}

/** What more copies cost and give, where reads and writes are at QUORUM. */
export const copiesTable = (): string =>
  markdownTable(
    [
      'replication factor',
      '10⁹ words take',
      'members that write each word',
      'answers awaited',
      'members that may be down',
    ],
    [1, 3, 5].map((copies) => {
      const quorum = Math.floor(copies / 2) + 1
      return [
        String(copies),
        `${(copies * words * bytesPerWord) / 1e9} GB`,
        String(copies),
        String(quorum),
        String(copies - quorum),
      ]
    }),
  )
