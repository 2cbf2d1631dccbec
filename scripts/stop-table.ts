import type { Health } from 'contract'

/** What became of one stop: it runs, or why it does not and what to do. */
export type Row = { stop: string; seconds: number } & ({ url: string; health: Health } | { failure: string })

/** The rows as a table for a terminal: columns of one width; what went wrong stands in the place of the rest. */
export const stopTable = (rows: readonly Row[]): string => {
  const cells = rows.map((row) =>
    'failure' in row
      ? [row.stop]
      : [row.stop, row.url, databaseOf(row.health), tlsOf(row.health), `${row.seconds.toFixed(1)} s`],
  )
  const all = [['Stop', 'URL', 'Database', 'TLS', 'Ready after'], ...cells]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  const lines = all.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '))
  const indent = ' '.repeat((widths[0] ?? 0) + 3)
  for (const [index, row] of rows.entries()) {
    if ('failure' in row) lines[index + 1] += `   ${row.failure.trim().replaceAll('\n', `\n${indent}`)}`
  }
  return lines.map((line) => line.trimEnd()).join('\n')
}

const databaseOf = ({ database }: Health): string =>
  database === null ? 'none' : `${database.name} ${database.version}`

const tlsOf = ({ database }: Health): string => {
  if (database === null) return ''
  if (database.tls === null) return 'none'
  return `${database.tls}, ${database.verified ? 'verified' : 'not verified'}`
}
