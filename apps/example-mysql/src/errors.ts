import { causesOf, explainNetwork, type FaultAt, SchemaFault, sentence } from 'connection'
import { NotStorable, Unavailable } from 'server'
import { type Config, serversOf } from './config.ts'
import { conflicts } from './statements.ts'

/** An error of mysql2: a server's own has an errno, an SQLSTATE and mostly a name as its code. */
export type Refusal = Error & { code?: string; errno?: number; sqlState?: string; sent?: boolean }

/** Where it shows, what is wrong, what to do. */
type Words = [step: FaultAt['step'], problem: string, remedy: string]

/**
 * The errors of the server and of the driver, by code, in words.
 * @see https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html
 */
const wordsFor = (code: string, message: string, config: Config): Words | undefined => {
  const { user, database, sslMode } = config.COMPOSE_MYSQL_URL
  const [server = ''] = serversOf(config)
  /** What the message has in this place, such as the name of a plugin. */
  const named = (place: RegExp, otherwise: string) => place.exec(message)?.[1] ?? otherwise
  switch (code) {
    case 'NO_GREETING':
      return [
        'port',
        `${server} accepts connections and says nothing, where a MySQL server greets`,
        'Correct the port, if something else listens there; if not, the server is paused or overloaded.',
      ]
    case 'NOT_MYSQL':
      return ['port', `${server} is no MySQL server: ${message}`, 'Correct the port: MySQL has 3306 mostly.']
    case 'ER_SERVER_SHUTDOWN':
    case 'ER_SESSION_WAS_KILLED':
    case 'PROTOCOL_CONNECTION_LOST':
      return ['port', `${server} closed the connection`, 'It is restarting, or something between cut it.']
    case 'ER_CLIENT_INTERACTION_TIMEOUT':
      return ['port', `${server} closed the connection: idle for longer than wait_timeout`, 'Try again.']
    case 'ER_SECURE_TRANSPORT_REQUIRED':
      return ['certificate', `${server} wants TLS`, 'Take ssl-mode=DISABLED out of the URL.']
    case 'ER_CON_COUNT_ERROR':
      return [
        'login',
        `${server} has no connection left (max_connections)`,
        'Raise it, run fewer clients, or give each a smaller pool (COMPOSE_MYSQL_POOL_SIZE).',
      ]
    case 'ER_TOO_MANY_USER_CONNECTIONS':
    case 'ER_USER_LIMIT_REACHED':
      return [
        'login',
        `${server} allows the user ${user} no more (${named(/'(max_\w+)'/, 'max_user_connections')})`,
        'Raise the limit, or set a smaller COMPOSE_MYSQL_POOL_SIZE.',
      ]
    case 'ER_HOST_IS_BLOCKED':
      return [
        'login',
        `${server} has shut this machine out after too many connections that came to nothing (max_connect_errors)`,
        'End what makes them, such as a health check of the bare port; then TRUNCATE TABLE performance_schema.host_cache on the server.',
      ]
    case 'ER_HOST_NOT_PRIVILEGED':
      return [
        'login',
        `${server} lets nobody in from this machine, ${named(/Host '(.*?)'/, 'by its address')}`,
        `Make a user for it: CREATE USER '${user}'@'%'.`,
      ]
    case 'ER_SERVER_OFFLINE_MODE':
      return ['login', `${server} is in offline mode`, 'Wait, or SET GLOBAL offline_mode = OFF.']
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return [
        'login',
        `${server} refused the user ${user}, coming from ${named(/@'(.*?)'/, 'here')}, or its password`,
        `Correct them in the URL, and percent-encode special characters${
          sslMode === 'DISABLED' ? '. Or the server wants TLS: take ssl-mode=DISABLED out' : ''
        }.`,
      ]
    case 'ER_ACCOUNT_HAS_BEEN_LOCKED':
      return ['login', `the user ${user} is locked`, `Run ALTER USER '${user}' ACCOUNT UNLOCK.`]
    case 'ER_MUST_CHANGE_PASSWORD':
    case 'ER_MUST_CHANGE_PASSWORD_LOGIN':
      return [
        'login',
        `the password of ${user} has expired`,
        `Run ALTER USER '${user}' IDENTIFIED BY '…', for a program best with PASSWORD EXPIRE NEVER; then set it in the URL.`,
      ]
    case 'ER_PLUGIN_IS_NOT_LOADED':
      return [
        'login',
        `the user ${user} logs in by ${named(/Plugin '(.*?)'/, 'a plugin')}, which ${server} has not loaded`,
        withSha2(user),
      ]
    case 'ER_NOT_SUPPORTED_AUTH_MODE':
    case 'AUTH_SWITCH_PLUGIN_ERROR':
    case 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED':
      return [
        'login',
        `the user ${user} logs in by ${named(/plugin (\w+)|using (mysql_clear_password)/, 'a plugin')}, which this client does not do`,
        withSha2(user),
      ]
    case 'ER_BAD_DB_ERROR':
      return [
        'login',
        `${server} has no database ${named(/'(.*?)'/, database)}`,
        'Create it, or name one that exists.',
      ]
    case 'ER_DBACCESS_DENIED_ERROR':
      return [
        'login',
        `the user ${user} has no access to the database ${named(/to database '(.*?)'/, database)}`,
        'Grant it, or name another one in the URL.',
      ]
    case 'ER_NO_SUCH_TABLE':
      return ['schema', 'the table words is gone', 'It is made again with the next connection.']
    case 'ER_TABLEACCESS_DENIED_ERROR':
    case 'ER_COLUMNACCESS_DENIED_ERROR':
      return [
        'schema',
        `the user ${user} has no right to ${named(/^(\w[\w ]*) command/, 'use')} ${named(/for table ['`](.*?)['`]$/, 'words')}`,
        `GRANT SELECT, INSERT, CREATE ON the database TO '${user}', and CREATE, DELETE ON its table word_keys.`,
      ]
    case 'ER_OPTION_PREVENTS_STATEMENT':
    case 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION':
    case 'ER_READ_ONLY_MODE':
      return ['read and write', `${server} is read-only`, 'Name the server that takes writes.']
    case 'ER_DISK_FULL':
    case 'ER_RECORD_FILE_FULL':
    case 'ER_ERROR_ON_WRITE':
    case 'EE_WRITE':
      return [
        'read and write',
        `${server} has no room for more (${code})`,
        'Free or add disk space there, or raise the limit of the table or its tablespace.',
      ]
    case 'ER_MAX_PREPARED_STMT_COUNT_REACHED':
      return [
        'read and write',
        `${server} keeps no more prepared statements (max_prepared_stmt_count)`,
        'Raise it, or find the client that closes none; this one keeps 20 on a connection at most.',
      ]
    case 'POOL_BUSY':
    case 'QUEUE_FULL':
      return [
        'read and write',
        message,
        /^all/.test(message)
          ? 'Try again; if it stays so, set a larger COMPOSE_MYSQL_POOL_SIZE, or find what the server is busy with.'
          : `No other comes about: ${server} is overloaded, paused or cut off.`,
      ]
    case 'STATEMENT_TIMEOUT':
      return ['read and write', `${server}: ${message}`, 'It is overloaded, paused or cut off.']
  }
  // MariaDB's error has a number that means something else to MySQL.
  if (/this account is locked/.test(message)) return wordsFor('ER_ACCOUNT_HAS_BEEN_LOCKED', message, config)
  if (/closed state|Pool is closed/.test(message))
    return ['read and write', `the connection to ${server} was closed`, 'It is being made again.']
  return undefined
}

const withSha2 = (user: string) =>
  `Run ALTER USER '${user}' IDENTIFIED WITH caching_sha2_password BY '…' (MariaDB: IDENTIFIED BY '…'): over TLS it is safe and needs nothing else.`

/** This driver's errors → where it comes from, what is wrong, what to do; undefined for one that is not of the connection. */
const explain = (error: unknown, config: Config): FaultAt | undefined => {
  if (error instanceof SchemaFault) return { step: 'schema', ...error.fault }
  const { host, port } = config.COMPOSE_MYSQL_URL
  for (const { code = '', message } of causesOf(error)) {
    const words = wordsFor(code, message, config)
    if (words === undefined) continue
    const [step, problem, remedy] = words
    return { step, origin: 'COMPOSE_MYSQL_URL', problem, remedy }
  }
  return explainNetwork(error, {
    variable: 'COMPOSE_MYSQL_URL',
    host,
    port,
    authorityVariable: 'PATH_TO_MYSQL_CERT',
    authorityFile: config.PATH_TO_MYSQL_CERT?.path,
  })
}

/** An error in words, for the log, the report, /readyz and the page. What the server says beyond its code stays in the log. */
export const faultOf =
  (config: Config) =>
  (error: unknown): FaultAt => {
    const { code, errno = String(error) } = error as Refusal
    return (
      explain(error, config) ?? {
        origin: 'COMPOSE_MYSQL_URL',
        problem: `${serversOf(config)} ${isRefused(error) ? 'refused' : 'failed'} (${code ?? errno})`,
        remedy: "The server's error reference explains the code; the log has the server's own words.",
      }
    )
  }

/**
 * What strict mode answers to a text that the column cannot hold: incorrect string value, data too long, cannot
 * convert string, conversion impossible (both from MySQL 8.0).
 */
const cannotHold = [1366, 1406, 3854, 3988]

/** ER_DUP_ENTRY, ER_CHECK_CONSTRAINT_VIOLATED, and MariaDB's: of rules that this stop's own table does not have. */
const breaksRule = [1062, 3819, 4025]

/**
 * Answers that leave open whether a statement took effect: ER_ERROR_DURING_COMMIT; and, of a proxy that has lost its server
 * or has waited too long for it, ER_UNKNOWN_ERROR and ER_QUERY_INTERRUPTED (Vitess), 1907 (ProxySQL's query_timeout), and the
 * codes of a client, such as CR_SERVER_LOST.
 */
const isInDoubt = (errno = 0): boolean =>
  [1180, 1105, 1317, 1907].includes(errno) || (errno >= 2000 && errno < 3000)

/** Whether the server itself says that a statement took no effect. */
export const isRefused = (error: unknown): boolean => {
  const { errno, sqlState } = error as Refusal
  return sqlState !== undefined && !isInDoubt(errno)
}

/** The answer a request gets for an error of the database: 422, 503, or the error itself, which becomes a 500. */
export const refusal =
  (config: Config) =>
  (error: unknown): Error => {
    const { errno = 0, sqlState = '', sent = true } = error as Refusal
    if (cannotHold.includes(errno)) {
      return new NotStorable(
        'The table, made by another program, cannot hold this text. Use characters of its charset, or a shorter text.',
      )
    }
    if (breaksRule.includes(errno)) {
      return new NotStorable(
        'The table, made by another program, has a rule that this word breaks, such as one that each comes once.',
      )
    }
    // Where nothing was sent, no connection came about; of class 08 (connection exception) is what a node says that has
    // left its Galera cluster; a conflict is another transaction's; who leaves it open has lost something. A 503, whatever
    // the server has against it.
    const isOfMoment = !sent || sqlState.startsWith('08') || conflicts.includes(errno) || isInDoubt(errno)
    const fault = explain(error, config) ?? (isOfMoment ? faultOf(config)(error) : undefined)
    if (fault === undefined) return error as Error
    return new Unavailable(sentence(fault), { cause: error, sent: sent && !isRefused(error) })
  }
