import { readFileSync } from 'node:fs'
import { createPool, type PoolOptions } from 'mysql2'

/**
 * The pool that every peer on MySQL has: the options that the driver's documentation shows
 * (https://sidorares.github.io/node-mysql2/docs), and verified TLS.
 *
 * @param others options to be tried in place of these
 */
export const openPool = (
  { COMPOSE_MYSQL_URL = '', PATH_TO_MYSQL_CERT = '' }: NodeJS.Dict<string>,
  others: PoolOptions = {},
) => {
  const url = new URL(COMPOSE_MYSQL_URL)
  return createPool({
    host: url.hostname,
    port: Number(url.port),
    user: url.username,
    password: url.password,
    database: 'grand_tour',
    ssl: { ca: readFileSync(PATH_TO_MYSQL_CERT), verifyIdentity: true },
    waitForConnections: true,
    connectionLimit: 10,
    maxIdle: 10,
    idleTimeout: 60_000,
    queueLimit: 0,
    enableKeepAlive: true,
    ...others,
  })
}
