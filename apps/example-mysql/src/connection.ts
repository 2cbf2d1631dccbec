import { connect as dial, isIP } from 'node:net'
import { keepConnected } from 'connection'
import mysql, { type Pool, type PoolConnection, type PoolOptions, type QueryResult } from 'mysql2/promise'
import type { Logger } from 'server'
import type { Config } from './config.ts'
import { explainer } from './errors.ts'
import { readFacts } from './facts.ts'
import { cutOff, ensureSchema } from './schema.ts'

export type Database = ReturnType<typeof connect>

/** Milliseconds a statement may take, the wait for a free connection included. */
const statementMs = 3000

/** What each lesser mode gives up. */
const weaker = {
  DISABLED: 'nothing is encrypted, the password travels readable',
  REQUIRED: 'encrypted, but with whoever answers',
  VERIFY_CA: 'encrypted and of the right authority, but any of its servers will do',
}

/** Connects in the background and stays connected. */
export const connect = (config: Config, log: Logger) => {
  const { sslMode } = config.COMPOSE_MYSQL_URL
  if (sslMode !== 'VERIFY_IDENTITY')
    log.warn(`COMPOSE_MYSQL_URL: ssl-mode=${sslMode}: ${weaker[sslMode]}. Leave it out to verify the server.`)
  const connection = keepConnected({
    open: (signal) => open(config, log, signal),
    check: ({ pool }) => check(pool),
    close: ({ pool }) => pool.end(),
    explain: explainer(config),
    log,
  })
  return {
    ...connection,
    /** Runs one prepared statement on a connection of the pool, with a deadline. */
    execute: <T extends QueryResult>(sql: string, values: string[] = []) =>
      execute<T>(connection.current().pool, sql, values),
  }
}

/** The whole way: name, port, certificate, login, schema. */
const open = async (config: Config, log: Logger, signal: AbortSignal) => {
  const database = await ensureSchema(poolOptions(config), log, signal)
  const pool = mysql.createPool({ ...poolOptions(config), database })
  // A table that another program made may not hold every text. Without strict mode such a text is stored cut or with
  // "?" in it, and nobody is told; sent first on every new connection, because the server's default may lack it.
  pool.pool.on('connection', (connection) => {
    const strict = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
    connection.query(strict, (error: unknown) => error && connection.destroy())
  })
  try {
    return { pool, server: await readFacts((sql) => execute(pool, sql), config) }
  } catch (error) {
    pool.end().catch(() => {})
    throw error
  }
}

/** What the requests need: the table, readable. A pool that is busy with them is not a database that is lost. */
const check = async (pool: Pool) => {
  try {
    await execute(pool, 'SELECT id FROM words LIMIT 1')
  } catch (error) {
    if ((error as Refusal).code !== 'POOL_BUSY') throw error
  }
}

/** Every setting that differs from the driver's default, with what goes wrong at the default. */
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
    connectTimeout: 2000,
    connectionLimit: 10,
    // Default equal to connectionLimit: then the driver never starts to close idle connections.
    maxIdle: 9,
    // Default 60,000: below the server's wait_timeout (28,800 s by default, often 60 s or less behind proxies).
    idleTimeout: 30_000,
    // Default 0, unbounded: requests would pile up in front of a full pool without an end.
    queueLimit: 1000,
    // Default 16,000 statements per connection; the server allows 16,382 in all (max_prepared_stmt_count).
    maxPreparedStatements: 20,
    // Default false: an id above 2^53 would come back as another id.
    supportBigNumbers: true,
    bigNumberStrings: true,
    // utf8mb4 is all of Unicode; MySQL's "utf8" has no emoji.
    charset: 'UTF8MB4_UNICODE_CI',
  }
}

/** Encrypts, and verifies the authority, the name and the expiry, unless the URL's ssl-mode says less. */
const tlsOptions = (config: Config): PoolOptions => {
  const { host, port, sslMode } = config.COMPOSE_MYSQL_URL
  if (sslMode === 'DISABLED') return {}
  return {
    ssl: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: sslMode !== 'REQUIRED',
      // Default false: any certificate of the authority would do, also that of another server.
      verifyIdentity: sslMode === 'VERIFY_IDENTITY',
      ...(config.PATH_TO_MYSQL_CERT && { ca: config.PATH_TO_MYSQL_CERT.pem }),
      ...(config.PATH_TO_MYSQL_CLIENT_CERT && { cert: config.PATH_TO_MYSQL_CLIENT_CERT.pem }),
      ...(config.PATH_TO_MYSQL_CLIENT_KEY && { key: config.PATH_TO_MYSQL_CLIENT_KEY.pem }),
    },
    // For an address, the driver would verify the certificate against "localhost" (sidorares/node-mysql2 #2375):
    // Node.js falls back to that where neither a server name nor the socket's host is known. So tell it the host.
    ...(isIP(host) !== 0 && {
      stream: () => Object.assign(dial({ host, port, noDelay: true, keepAlive: true }), { _host: host }),
    }),
  }
}

type Refusal = Error & { code?: string; errno?: number; sent?: boolean }

/**
 * Runs a prepared statement within {@link statementMs}. The driver has no deadline for the wait for a connection, and
 * its `timeout` answers the caller but keeps the connection; here a connection that does not answer is given up.
 *
 * @throws what the driver throws; POOL_BUSY and STATEMENT_TIMEOUT; with `sent: false` where nothing was sent
 */
const execute = async <T extends QueryResult>(pool: Pool, sql: string, values: string[] = []): Promise<T> => {
  const late = Promise.withResolvers<never>()
  let connection: PoolConnection | undefined
  let tooLate = false
  const timer = setTimeout(() => {
    tooLate = true
    if (connection === undefined)
      return late.reject(busy(`no connection became free within ${statementMs} ms`))
    const message = `the server did not answer within ${statementMs} ms`
    late.reject(Object.assign(new Error(message), { code: 'STATEMENT_TIMEOUT' }))
    cutOff(connection)
  }, statementMs)

  const run = async () => {
    connection = await pool.getConnection().catch((error: Refusal) => {
      throw /Queue limit/.test(error.message)
        ? busy('the queue is full')
        : Object.assign(error, { sent: false })
    })
    try {
      // The one who waited is gone: do not run what nobody waits for.
      if (tooLate) return late.promise
      const [result] = await connection.execute<T>(sql, values)
      return result
    } catch (error) {
      // After a failover the name leads to another server, but this connection stays with the one that only reads.
      if (readOnly.includes((error as Refusal).errno ?? 0)) cutOff(connection)
      throw error
    } finally {
      connection.release()
    }
  }
  try {
    return await Promise.race([run(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE. */
const readOnly = [1290, 1792, 1836]

const busy = (what: string): Refusal =>
  Object.assign(new Error(`all connections of the pool are busy: ${what}`), {
    code: 'POOL_BUSY',
    sent: false,
  })
