import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect as dial, isIP, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { keepConnected, type Steps, within } from 'connection'
import mysql, { type PoolConnection, type PoolOptions, type QueryResult } from 'mysql2/promise'
import type { Logger } from 'server'
import { type Config, serversOf } from './config.ts'
import { faultOf, type Refusal } from './errors.ts'
import { look, readAndState } from './facts.ts'
import { logInByStep } from './log-in.ts'
import { ensureSchema } from './schema.ts'
import {
  closed,
  cutOff,
  type Execute,
  forRows,
  readOnly,
  streamOf,
  timedOut,
  transaction,
  withConnection,
} from './statements.ts'

export type Database = ReturnType<typeof connect>

/** Milliseconds a statement may take, the wait for a free connection included. */
const statementMs = 3000
/** Half of that for a read, which is tried twice: so one connection that is dead costs it nothing but time. */
const readMs = 1500
/** Milliseconds for a connection to come about: to be reached, and again to log in. */
const connectMs = 2000
/** Milliseconds until a connection follows its name elsewhere, at first and at most. */
const [followMs, longMs] = [5000, 60_000]
/** Milliseconds for the smallest of questions: a server that a read can wait for is not lost. */
const checkMs = 1500

/** Connects in the background and stays connected. */
export const connect = (config: Config, log: Logger) => {
  const [server = null] = serversOf(config)
  const connection = keepConnected({
    servers: serversOf(config),
    open: (steps, signal) => open(config, steps, signal),
    check: (opened) => {
      void followName(opened)
      return check(opened, config)
    },
    close,
    // The connections to one server are lost together, and some of them without a word.
    recovers: () => false,
    look: (opened, isReady) => look(opened, config, isReady),
    faultOf: faultOf(config),
    log,
  })
  /** Only the server itself gives an SQLSTATE. */
  const answeredBy = (outcome: unknown) =>
    outcome instanceof Error && (outcome as Refusal).sqlState === undefined ? null : server
  let isAsking = false
  let followAfterMs = followMs
  /** Has a fresh connection take over when the name leads to another server: these stay with the one they were made to. */
  const followName = async ({ watch, openedAt }: Opened) => {
    const { host } = config.COMPOSE_MYSQL_URL
    const ageMs = performance.now() - openedAt
    if (isIP(host) !== 0 || isAsking || ageMs < followAfterMs) return
    isAsking = true
    const found = await lookup(host, { all: true }).catch(() => [])
    isAsking = false
    const { remoteAddress } = streamOf(watch)
    // A connection that was lost has no address any more, and is replaced for that.
    if (remoteAddress === undefined || found.length === 0) return
    if (found.some(({ address }) => address === remoteAddress)) return
    // Some name servers give their addresses in turns: each time it moves so soon, it is believed later,
    // until it has stayed for longer than the longest of these waits.
    followAfterMs = ageMs < 2 * longMs ? Math.min(2 * followAfterMs, longMs) : followMs
    await connection.renew()
  }
  /**
   * A read is tried once more, on another connection, and so is what certainly was not applied, on those that have taken
   * over by then (docs/decisions/retries.md). Not what found the queue full, nor a write that waited in vain.
   */
  const run = async <T>(
    work: (connection: PoolConnection) => Promise<T>,
    { isRead = false } = {},
  ): Promise<T> => {
    const deadlineMs = isRead ? readMs : statementMs
    const endAt = performance.now() + statementMs
    const { pool } = connection.current()
    try {
      return await withConnection(pool, work, deadlineMs)
    } catch (error) {
      const { code, errno = 0, message } = error as Refusal
      const isUnsent = closed.includes(errno) || /Pool is closed|in closed state/.test(message)
      // After a failover the name may lead to another server, but these connections stay with the one that only reads.
      if (readOnly.includes(errno)) {
        await within(Math.max(0, endAt - performance.now()), connection.renew(), () => error as Error)
        if (connection.current().pool === pool) throw error // none came about
      } else if (!isUnsent && (!isRead || code === 'QUEUE_FULL')) throw error
      const leftMs = Math.round(endAt - performance.now())
      if (leftMs <= 0) throw error // nobody waits for it any more
      return withConnection(connection.current().pool, work, Math.min(deadlineMs, leftMs))
    }
  }
  return {
    ...connection,
    /** Runs one prepared statement on a connection of the pool, with a deadline. */
    execute: <T extends QueryResult>(sql: string, values: string[] = []) =>
      connection.activity.run(
        sql,
        () =>
          run(async (one) => (await one.execute<T>(sql, values))[0], { isRead: sql.startsWith('SELECT') }),
        answeredBy,
      ),
    /** Runs a prepared INSERT of one row for several, all of them or none. */
    insert: (sql: string, rows: readonly string[][]) => {
      const write = () => run((one) => one.execute(forRows(sql, rows.length), rows.flat()))
      return connection.activity.run(sql, write, answeredBy)
    },
    /** Runs a statement that no request asked for: it does not show among theirs, and nothing is renewed for it. */
    maintain: <T extends QueryResult>(sql: string) =>
      withConnection(connection.current().pool, async (one) => (await one.execute<T>(sql))[0], statementMs),
    /** Runs `work` in a transaction, with the same deadline for all of it: all of it takes effect, or nothing. */
    transaction: <T>(name: string, work: (execute: Execute) => Promise<T>) =>
      connection.activity.run(name, () => run((one) => transaction(one, work)), answeredBy),
  }
}

/**
 * What the server's own settings may have otherwise. Texts travel as utf8mb4 both ways: a server that ignores what its
 * clients ask for (skip-character-set-client-handshake), or that has an init_connect, may have said something else.
 *
 * Without autocommit, a word that was acknowledged would be rolled back with its connection, and a connection's first list
 * would be its last: nobody else's words would come into it. So too where a COMMIT begins another transaction.
 *
 * A table that another program made may not hold every text: without strict mode such a text is stored cut or with "?"
 * in it, and nobody is told. And a connection that was cut without a word keeps the locks of its transaction until the
 * server gives it up: by default after eight hours. Twice `idleTimeout`, whatever the server's own time is: with a
 * shorter one it would close connections that a request is about to use.
 */
const SESSION = `SET NAMES utf8mb4, SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES'),
  SESSION wait_timeout = 60, SESSION autocommit = 1, SESSION completion_type = 'NO_CHAIN'`

/** The whole way: name, port, certificate, login, schema. The first connection stays, to watch the server with. */
const open = async (config: Config, steps: Steps, signal: AbortSignal) => {
  const { connection: watch, server } = await logIn(config, steps, signal)
  const giveUp = () => cutOff(watch)
  // Once: Node.js 22 keeps a signal of several, and what listens to it, until nobody does.
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    signal.throwIfAborted()
    const { found, canRollBack } = await steps.run(
      'schema',
      null,
      () => ensureSchema(watch, config),
      (schema) => schema,
    )
    const pool = mysql.createPool({ ...poolOptions(config), database: found.database })
    const connections = new Set<{ stream: Socket }>()
    pool.pool.on('connection', (connection) => {
      // The declared type leaves the stream out.
      const withStream = connection as unknown as { stream: Socket }
      connections.add(withStream)
      withStream.stream.once('close', () => connections.delete(withStream))
      // Sent first on every new connection; where it is refused, what waits behind it gets that error, and was not sent.
      connection.query(
        SESSION,
        (error: Refusal | null) => error && withStream.stream.destroy(Object.assign(error, { sent: false })),
      )
    })
    return { watch, pool, connections, server, canRollBack, openedAt: performance.now() }
  } catch (error) {
    cutOff(watch)
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

type Opened = Awaited<ReturnType<typeof open>>

/** Says good-bye on every connection, when its statement has ended; those that cannot hear it are given up. */
const close = async ({ watch, pool, connections }: Opened) => {
  watch.end().catch(() => {})
  const closed = [...connections].map(({ stream }) => once(stream, 'close'))
  // Where a statement was given up, the driver never says that its pool has ended.
  await Promise.race([
    Promise.allSettled([pool.end(), ...closed]),
    wait(statementMs, undefined, { ref: false }),
  ])
  for (const connection of connections) connection.stream.destroy()
  cutOff(watch)
}

/** One connection, step by step, with the settings below: the stop's first, and that of `diagnose`. */
export const logIn = (config: Config, steps: Steps, signal: AbortSignal) =>
  logInByStep(config, poolOptions(config), SESSION, steps, signal)

/**
 * What the requests need: the table, readable. Asked on a connection of its own, which a pool that is busy does not keep
 * waiting, so a server that is paused or cut off is noticed soon.
 */
const check = ({ watch, server }: Opened, config: Config) =>
  within(checkMs, readAndState(watch, server, config), () => timedOut(checkMs))

/**
 * Every setting that matters, with the driver's default and what goes wrong at it. For the first connection, log-in.ts adds
 * the socket that it has opened and plugins that tell what the server asked for.
 * @see https://sidorares.github.io/node-mysql2/docs and lib/connection_config.js, lib/pool_config.js (3.24)
 */
const poolOptions = (config: Config): PoolOptions => {
  const { host, port, user, password, database } = config.COMPOSE_MYSQL_URL
  return {
    host,
    port,
    user,
    password,
    database,
    ...tlsOptions(config),
    // Default 10,000: longer than a request may wait.
    connectTimeout: connectMs,
    connectionLimit: config.COMPOSE_MYSQL_POOL_SIZE,
    // Default equal to connectionLimit: then the driver never starts to close idle connections (lib/base/pool.js).
    maxIdle: config.COMPOSE_MYSQL_POOL_SIZE - 1,
    // Default 60,000: below the server's wait_timeout (28,800 s by default, often 60 s or less behind proxies).
    idleTimeout: 30_000,
    // Default 0, unbounded: requests would pile up in front of a full pool without an end.
    queueLimit: 100 * config.COMPOSE_MYSQL_POOL_SIZE,
    // Default false: it would break idle connections off without a good-bye, which the server counts as aborted.
    gracefulEnd: true,
    // Default 16,000 statements per connection; the server allows 16,382 in all (max_prepared_stmt_count; #1266). This stop
    // has seventeen: two SELECTs; two INSERTs, each for 1, 2, 4 … 32 rows; and three more of once.ts.
    maxPreparedStatements: 20,
    // Default false: an id above 2^53 would come back as another id. It comes as text; smaller ones as numbers, which
    // are a third cheaper to read.
    supportBigNumbers: true,
    // Default true: a stack trace for each statement, in case that it fails, which takes 3 % of a list of a hundred rows.
    // What failed is known without it: the error has the statement.
    trace: false,
    // The default as well, and said because it has to be: utf8mb4 is all of Unicode, MySQL's "utf8" has no emoji.
    charset: 'UTF8MB4_UNICODE_CI',
  }
}

/** Encrypts, and verifies the authority, the name and the expiry, unless the URL's ssl-mode says less. */
const tlsOptions = (config: Config): PoolOptions => {
  const { host, port, sslMode } = config.COMPOSE_MYSQL_URL
  if (sslMode === 'DISABLED') return {}
  return {
    ssl: {
      // Node.js's own default, but for a --tls-min-v1.0 that somebody set.
      minVersion: 'TLSv1.2',
      // Default true; false encrypts, with whoever answers.
      rejectUnauthorized: sslMode !== 'REQUIRED',
      // Default false: any certificate of the authority would do, also that of another server (node-mysql2 #1554).
      verifyIdentity: sslMode === 'VERIFY_IDENTITY',
      ...(config.PATH_TO_MYSQL_CERT && { ca: config.PATH_TO_MYSQL_CERT.pem }),
      ...(config.PATH_TO_MYSQL_CLIENT_CERT && { cert: config.PATH_TO_MYSQL_CLIENT_CERT.pem }),
      ...(config.PATH_TO_MYSQL_CLIENT_KEY && { key: config.PATH_TO_MYSQL_CLIENT_KEY.pem }),
    },
    // For an address, the driver would verify the certificate against "localhost" (sidorares/node-mysql2 #3835):
    // Node.js falls back to that where neither a server name nor the socket's host is known. So tell it the host.
    ...(isIP(host) !== 0 && {
      stream: () => Object.assign(dial({ host, port, noDelay: true, keepAlive: true }), { _host: host }),
    }),
  }
}
