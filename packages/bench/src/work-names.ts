import { fileWorks } from './works-on-files.ts'
import { listWork, pageWork, putWork } from './works-on-words.ts'

/** What `--database` may name. */
export const kinds = ['mysql', 'scylla'] as const

/** What `--only` may name. */
export const workNames: readonly string[] = [
  ...fileWorks(),
  listWork(100, []),
  listWork(1000, []),
  pageWork('page', 1000),
  putWork([]),
  pageWork('page-of-many', 1_000_000),
]
  .map(({ name }) => name)
  .concat('start', 'restart', 'stale', 'million')
