import type { Database } from './programs.ts'
import * as mysql from './table-of-mysql.ts'
import * as scylla from './table-of-scylla.ts'

/**
 * Gives the table of a local database exactly the rows 0 to `count` - 1: nothing to do when it has them, as after an
 * earlier run. The stop has made it before.
 */
export const fillTable = ({ kind, env }: Database & object, count: number): Promise<void> =>
  kind === 'mysql' ? mysql.fill(env, count) : scylla.fill(env, count)

/** Every word of the table. */
export const wordsOf = ({ kind, env }: Database & object): AsyncIterable<string> =>
  kind === 'mysql' ? mysql.words(env) : scylla.words(env)

/** Words that a server acknowledged: what comes after its mark, where that is known, and how many others. */
export type Acknowledged = { known: readonly string[]; others: number }

/**
 * How many words of each server were acknowledged and are not in the table. Each one that is known is looked for. The
 * others can only be counted: one that was stored, and not acknowledged before the client ended, makes up for one of them.
 *
 * @param marks what the words of each server begin with
 */
export const notStored = async (
  words: AsyncIterable<string>,
  marks: readonly string[],
  acknowledged: readonly Acknowledged[],
): Promise<number[]> => {
  const missing = acknowledged.map(({ known, others }) => ({ known: new Set(known), others }))
  for await (const word of words) {
    const index = marks.findIndex((mark) => word.startsWith(mark))
    const one = missing[index]
    if (one && !one.known.delete(word.slice(marks[index]?.length))) one.others--
  }
  return missing.map(({ known, others }) => known.size + Math.max(0, others))
}
