import type { Socket } from 'node:net'
import type { Connection, Pool, PoolConnection, QueryResult } from 'mysql2/promise'
import type { Refusal } from './errors.ts'
import { poolNow } from './facts.ts'

export type Execute = <T extends QueryResult>(sql: string, values?: string[]) => Promise<T>

/** An INSERT of one row, for several of them. */
export const forRows = (sql: string, count: number): string =>
  sql + `,${sql.slice(sql.indexOf('VALUES') + 'VALUES'.length)}`.repeat(count - 1)

/**
 * Runs `work` in a transaction; again where the server ended it in favour of another one. The connection goes back to
 * the pool with no transaction open, or not at all.
 */
export const transaction = async <T>(
  connection: Connection,
  work: (execute: Execute) => Promise<T>,
): Promise<T> => {
  for (;;) {
    try {
      await connection.beginTransaction()
      const result = await work(
        async (sql, values = []) => (await connection.execute(sql, values))[0] as never,
      )
      await connection.commit()
      return result
    } catch (error) {
      await connection.rollback().catch(() => cutOff(connection))
      if (!conflicts.includes((error as Refusal).errno ?? 0)) throw error
    }
  }
}

/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_TRANSACTION_ROLLBACK_DURING_COMMIT (of a group of servers). */
export const conflicts = [1205, 1213, 3101]

/**
 * Runs `work` on a connection of the pool within the deadline. The driver has no deadline for the wait for a
 * connection, and its `timeout` answers the caller but keeps the connection; here a connection that does not answer is
 * given up.
 *
 * @throws what the driver throws; POOL_BUSY, QUEUE_FULL and STATEMENT_TIMEOUT; with `sent: false` where nothing was sent
 */
export const withConnection = <T>(
  pool: Pool,
  work: (connection: PoolConnection) => Promise<T>,
  deadlineMs: number,
): Promise<T> => {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let connection: PoolConnection | undefined
  let tooLate = false
  const timer = setTimeout(() => {
    tooLate = true
    if (connection === undefined) return reject(busy(`none became free within ${deadlineMs} ms`, pool))
    reject(timedOut(deadlineMs))
    cutOff(connection)
  }, deadlineMs)

  const run = async (free: PoolConnection) => {
    try {
      return await work(free)
    } catch (error) {
      // The pool gives out first what came back last: the next one would get a connection that ends.
      if (closed.includes((error as Refusal).errno ?? 0)) cutOff(free)
      throw error
    } finally {
      clearTimeout(timer)
      free.release()
    }
  }
  // By a callback: the promises around it would be a twentieth of what a list of a hundred rows costs.
  pool.pool.getConnection((error: Refusal | null, free) => {
    if (error !== null) {
      clearTimeout(timer)
      const isFull = /Queue limit/.test(error.message)
      const full = isFull && Object.assign(busy('no more may wait', pool), { code: 'QUEUE_FULL' })
      return reject(full || Object.assign(error, { sent: false }))
    }
    // The one who waited is gone: do not run what nobody waits for.
    if (tooLate) return free.release()
    connection = promiseOf(free)
    run(connection).then(resolve, reject)
  })
  return promise
}

/** Made once for each connection: the driver requires a module and makes an emitter in `promise()`, 3 % of a short list. */
const promiseOf = (connection: { promise(): PoolConnection }): PoolConnection => {
  const made = promises.get(connection) ?? connection.promise()
  promises.set(connection, made)
  return made
}
const promises = new WeakMap<object, PoolConnection>()

/** ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE. */
export const readOnly = [1290, 1792, 1836]

/** ER_SERVER_SHUTDOWN, ER_SESSION_WAS_KILLED, ER_CLIENT_INTERACTION_TIMEOUT (idle for too long): said in place of an answer. */
export const closed = [1053, 3169, 4031]

/** All connections are in use, or some of them do not come about. */
const busy = (what: string, pool: Pool): Refusal => {
  const { limit, open, inUse, late, waiting } = poolNow(pool)
  const state =
    late > 0 || inUse < limit
      ? `only ${open} of the ${limit} connections of the pool are open`
      : `all ${limit} connections of the pool are busy, ${waiting} requests waiting`
  return Object.assign(new Error(`${state}: ${what}`), { code: 'POOL_BUSY', sent: false })
}

/** What a server that was given up is told as; it may have done what it was asked to. */
export const timedOut = (ms: number): Refusal =>
  Object.assign(new Error(`the server did not answer within ${ms} ms`), { code: 'STATEMENT_TIMEOUT' })

/**
 * Gives a connection up at once. The driver's `destroy()` ends the stream politely: where the server is silent, the
 * socket would stay.
 */
export const cutOff = (connection: Connection): void => {
  connection.destroy()
  streamOf(connection).destroy()
}

/** The declared type leaves out the connection that a promise wraps. */
export const streamOf = (connection: Connection) =>
  (connection as unknown as { connection: { stream: Socket } }).connection.stream
