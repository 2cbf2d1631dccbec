// `pnpm --filter bench simulate`: the figures of docs/scaling.md that no machine of one's own can give, as the tables
// that stand there: by arithmetic, and by drawing waits at random. A test holds the document against them.
import { consistencyTable } from './simulate-consistency.ts'
import { sharingTable } from './simulate-sharing.ts'
import { billionTable, connectionTable, copiesTable } from './simulate-sizes.ts'

/** Every table, in the order of the document. */
export const tables = (): string[] => [
  sharingTable(),
  connectionTable(),
  billionTable(),
  copiesTable(),
  consistencyTable(),
]

if (import.meta.main) console.log(tables().join('\n\n'))
