import type { LoadResult } from './load-result.ts'
import type { ListResult } from './measure-list.ts'
import type { SoakResult } from './measure-soak.ts'
import type { StaleResult } from './measure-stale.ts'
import type { StartResult } from './measure-start.ts'

/** What every row of the results says of itself. */
type Labels = {
  /** Of the run that it was measured in: its time, which is the key of what is known about the run. */
  run: string
  /** mysql, scylla, or none where no database is asked. */
  database: string
  /** What `--only` calls the work. */
  work: string
}

export type Result = Labels & (LoadResult | ListResult | StaleResult | StartResult | SoakResult)

/** The rows of one kind. */
export const ofKind = <Kind extends Result['kind']>(results: readonly Result[], kind: Kind) =>
  results.filter((one): one is Extract<Result, { kind: Kind }> => one.kind === kind)

/** What is wrong with a row: answers that were wrong or did not come; undefined when nothing is. */
export const wrongIn = (result: Result): string | undefined => {
  if (result.fault !== null) return result.fault
  return result.failed > 0 ? `${result.failed} wrong or missing answers` : undefined
}

/**
 * The results of earlier runs and those of this one, which take the place of all that was known about the same work on
 * the same database: so the whole can be measured in pieces.
 */
export const merged = (earlier: readonly Result[], measured: readonly Result[]): Result[] => {
  const isNew = ({ database, work }: Result) =>
    !measured.some((one) => one.database === database && one.work === work)
  return [...earlier.filter(isNew), ...measured]
}
