import { causesOf, explainNetwork } from 'connection'
import { NotStorable, Unavailable } from 'server'
import type { Config } from './config.ts'
import { SchemaFault } from './schema.ts'

/** This driver's errors → where it comes from, what is wrong, what to do; undefined for one that is not of the connection. */
const explain = (error: unknown, config: Config): string | undefined => {
  const { host, port, user, database } = config.COMPOSE_MYSQL_URL
  const server = `${host}:${port}`
  if (error instanceof SchemaFault) return error.message
  const network = explainNetwork(error, {
    variable: 'COMPOSE_MYSQL_URL',
    host,
    port,
    authorityVariable: 'PATH_TO_MYSQL_CERT',
    authorityFile: config.PATH_TO_MYSQL_CERT?.path,
  })
  if (network !== undefined) return network
  for (const { code, message } of causesOf(error)) {
    switch (code) {
      case 'ER_ACCESS_DENIED_ERROR':
      case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
        return `COMPOSE_MYSQL_URL: ${server} refused the user ${user} or its password. Correct them in the URL.`
      case 'ER_DBACCESS_DENIED_ERROR':
        return `COMPOSE_MYSQL_URL: the user ${user} has no access to the database ${database}. Grant it, or name another.`
      case 'ER_BAD_DB_ERROR':
        return `COMPOSE_MYSQL_URL: ${server} has no database ${database}. Create it, or name one that exists.`
      case 'ER_CON_COUNT_ERROR':
        return `COMPOSE_MYSQL_URL: ${server} has no connection left (max_connections). Raise it, or run fewer clients.`
      case 'ER_SERVER_SHUTDOWN':
      case 'PROTOCOL_CONNECTION_LOST':
        return `COMPOSE_MYSQL_URL: ${server} closed the connection. It is restarting, or something between cut it.`
      case 'ER_HOST_NOT_PRIVILEGED':
      case 'ER_HOST_IS_BLOCKED':
        return `COMPOSE_MYSQL_URL: ${server} lets nobody in from this machine (${code}). Allow its address on the server.`
      case 'ER_SECURE_TRANSPORT_REQUIRED':
        return `COMPOSE_MYSQL_URL: ${server} wants TLS. Take ssl-mode=DISABLED out of the URL.`
      case 'ER_NO_SUCH_TABLE':
      case 'ER_TABLEACCESS_DENIED_ERROR':
        return `the table words is gone, or the user ${user} may not use it (${code}). It is made again where it is missing.`
      case 'ER_OPTION_PREVENTS_STATEMENT':
      case 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION':
      case 'ER_READ_ONLY_MODE':
        return `COMPOSE_MYSQL_URL: ${server} is read-only. Name the server that takes writes.`
      case 'ER_MUST_CHANGE_PASSWORD':
      case 'ER_MUST_CHANGE_PASSWORD_LOGIN':
        return `COMPOSE_MYSQL_URL: the password of ${user} has expired. Run ALTER USER to set a new one.`
      case 'ER_PLUGIN_IS_NOT_LOADED':
        return `COMPOSE_MYSQL_URL: the user ${user} logs in by a plugin that ${server} has not loaded. Run ALTER USER '${user}' IDENTIFIED WITH caching_sha2_password BY '…'.`
      case 'POOL_BUSY':
        return `${message}. Try again, or raise connectionLimit.`
      case 'STATEMENT_TIMEOUT':
        return `COMPOSE_MYSQL_URL: ${server}: ${message}. It is overloaded, paused or cut off.`
    }
    if (/closed state|Pool is closed/.test(message))
      return `COMPOSE_MYSQL_URL: the connection to ${server} was closed. It is being made again.`
  }
  return undefined
}

/** An error in words, for the log, /readyz and the page. What the driver alone knows stays in the log. */
export const explainer = (config: Config) => (error: unknown) =>
  explain(error, config) ??
  `COMPOSE_MYSQL_URL: the database refused: ${(error as { code?: string }).code ?? 'see the log'}.`

/**
 * What strict mode answers to a text that the column cannot hold: incorrect string value, data too long, cannot
 * convert string, conversion impossible (both from MySQL 8.0).
 */
const cannotHold = [1366, 1406, 3854, 3988]

/** The answer a request gets for an error of the database: 422, 503, or the error itself, which becomes a 500. */
export const refusal =
  (config: Config) =>
  (error: unknown): Error => {
    const { errno } = error as { errno?: number }
    if (errno !== undefined && cannotHold.includes(errno)) {
      return new NotStorable(
        'The table, made by another program, cannot hold this text. Use characters of its charset, or a shorter text.',
      )
    }
    const reason = explain(error, config)
    return reason === undefined
      ? (error as Error)
      : new Unavailable(reason, { cause: error, sent: (error as { sent?: boolean }).sent ?? true })
  }
