import type { Lease } from 'local-databases'
import type { RowDataPacket } from 'mysql2'
import { openPool } from './peers/mysql.ts'
import { numbers, rowOf } from './rows.ts'

/** See fillTable. The keys of words go with the words: a key that was seen would keep its word from being stored. */
export const fill = async (env: Lease['env'], count: number): Promise<void> => {
  const pool = openPool(env).promise()
  try {
    const ask = 'SELECT COUNT(*) AS rowCount, MAX(word) AS last FROM words'
    const [[found]] = await pool.query<RowDataPacket[]>(ask)
    if (Number(found?.rowCount) === count && found?.last === rowOf(count - 1).word) return
    await pool.query('TRUNCATE TABLE words')
    await pool.query('TRUNCATE TABLE word_keys')
    for (let first = 0; first < count; first += 10_000) {
      const values = numbers(first, Math.min(count, first + 10_000)).map((n) => Object.values(rowOf(n)))
      await pool.query('INSERT INTO words (word, definition) VALUES ?', [values])
    }
    await pool.query('ANALYZE TABLE words')
  } finally {
    await pool.end()
  }
}

/** Every word of the table. */
export async function* words(env: Lease['env']): AsyncGenerator<string> {
  const pool = openPool(env)
  try {
    for await (const { word } of pool.query('SELECT word FROM words').stream()) yield word
  } finally {
    pool.end(() => {})
  }
}
