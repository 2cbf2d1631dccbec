import type { Database } from './programs.ts'
import * as mysql from './table-of-mysql.ts'
import * as scylla from './table-of-scylla.ts'

/**
 * Gives the table of a local database exactly the rows 0 to `count` - 1: nothing to do when it has them, as after an
 * earlier run. The stop has made it before.
 */
export const fillTable = ({ kind, env }: Database & object, count: number): Promise<void> =>
  kind === 'mysql' ? mysql.fill(env, count) : scylla.fill(env, count)

/** How many words of the table begin with each of the marks. */
export const countWords = async (
  { kind, env }: Database & object,
  marks: readonly string[],
): Promise<Map<string, number>> => {
  const counts = new Map(marks.map((mark) => [mark, 0]))
  for await (const word of kind === 'mysql' ? mysql.words(env) : scylla.words(env)) {
    const mark = marks.find((each) => word.startsWith(each))
    if (mark !== undefined) counts.set(mark, (counts.get(mark) ?? 0) + 1)
  }
  return counts
}
