import { setTimeout as wait } from 'node:timers/promises'
import type { ResultSetHeader } from 'mysql2/promise'
import { type FastifyPluginAsyncZod, KeysNotKept } from 'server'
import type { Database } from './connection.ts'
import { CREATE_KEYS } from './schema.ts'
import { forRows } from './statements.ts'

// IGNORE: no error and no row where the id is there already. It waits for a transaction that has just written it.
const REMEMBER = 'INSERT IGNORE INTO word_keys (id, added) VALUES (UNHEX(?), UTC_TIMESTAMP())'
const FORGET =
  'DELETE FROM word_keys WHERE added < UTC_TIMESTAMP() - INTERVAL 24 HOUR ORDER BY added LIMIT 1000'

/** The values of a row, and the id that it is known by: a UUID. */
export type WithId = { id: string; values: string[] }

/**
 * Inserts a row the first time that its id comes, and never again: row and id are stored in one transaction. Several
 * rows together, all of them or none.
 *
 * @param sql the INSERT of one row
 * @throws KeysNotKept where the table of the ids is not there and may not be made
 */
export const insertOnce = async (database: Database, sql: string, rows: readonly WithId[]): Promise<void> => {
  // In one order, so that two transactions with the same ids do not wait for each other.
  const ids = rows.map(({ id }) => id.replaceAll('-', '')).sort()
  const all = rows.flatMap(({ values }) => values)
  const once = async () => {
    const areNew = await database.transaction(sql, async (execute) => {
      const remember = forRows(REMEMBER, rows.length)
      const { affectedRows } = await execute<ResultSetHeader>(remember, ids).catch(explained)
      if (affectedRows === rows.length) await execute(forRows(sql, rows.length), all)
      else if (rows.length > 1) await execute('ROLLBACK')
      return affectedRows === rows.length
    })
    if (!areNew && rows.length > 1) throw new SomeAreThere()
  }
  try {
    await once()
  } catch (error) {
    if (!(error instanceof KeysNotKept)) throw error
    // The table was dropped, or the right to make it was granted, since the connection was made.
    await database.maintain(CREATE_KEYS).catch((failure) => {
      throw isForbidden(failure) ? error : failure
    })
    await once()
  }
}

/** Of several rows some had come before, so none was inserted: each is to be looked at alone. */
export class SomeAreThere extends Error {}

/** No right to the table; it does not exist; it has other columns: another program's. */
const isForbidden = ({ errno = 0 }: { errno?: number }) =>
  [1044, 1142, 1143, 1227, 1146, 1054].includes(errno)

const explained = (error: Error & { errno?: number }): never => {
  if (!isForbidden(error)) throw error
  const message =
    'This database keeps no Idempotency-Keys: the table word_keys is missing, and may not be made or used. Send the word without a key.'
  throw new KeysNotKept(message, { cause: error })
}

/**
 * Removes ids of more than 24 hours, every minute: the oldest first, a thousand in one statement, so that none holds its
 * locks for long; the next at once while there are more.
 */
export const forgetOldKeys =
  (database: Database): FastifyPluginAsyncZod =>
  async (server) => {
    const stop = new AbortController()
    let reason = ''
    /** Milliseconds until it is worth doing again. */
    const forget = async (): Promise<number> => {
      if (!database.status().ready) return 1000
      try {
        const { affectedRows } = await database.maintain<ResultSetHeader>(FORGET)
        reason = ''
        return affectedRows === 1000 ? 0 : 60_000
      } catch (error) {
        const { code = 'no code' } = error as { code?: string }
        if (code !== reason) server.log.warn({ code }, 'old Idempotency-Keys are not removed')
        reason = code
        return 60_000
      }
    }
    const work = async () => {
      while (!stop.signal.aborted)
        await wait(await forget(), undefined, { signal: stop.signal }).catch(() => {})
    }
    const working = work()
    server.addHook('onClose', async () => {
      stop.abort()
      await working
    })
  }
