import type { TLSSocket } from 'node:tls'
import {
  certificateOf,
  expiryWarning,
  type Fault,
  type Found,
  notEncrypted,
  type ServerFacts,
} from 'connection'
import type { Connection, Pool, RowDataPacket } from 'mysql2/promise'
import { type Config, serversOf } from './config.ts'

/** What each lesser mode gives up. */
const weaker = {
  DISABLED: 'nothing is encrypted: whoever is in between reads the password and the words',
  REQUIRED: 'encrypted, but with whoever answers: the certificate is not verified',
  VERIFY_CA: 'encrypted and of the right authority, but any of its servers will do: the name is not verified',
}

/** What the TLS handshake settled, or that there was none; with a warning for what is not verified or ends soon. */
export const certificateFound = (
  secured: TLSSocket | undefined,
  config: Config,
): { found: Found<'certificate'>; faults: Fault[] } => {
  const { sslMode } = config.COMPOSE_MYSQL_URL
  const verified = sslMode === 'VERIFY_IDENTITY'
  const found = secured === undefined ? notEncrypted : { ...certificateOf(secured), verified }
  const origin = 'COMPOSE_MYSQL_URL'
  const remedy = 'Leave ssl-mode out of the URL to verify the server.'
  const unverified = verified ? [] : [{ origin, problem: `ssl-mode=${sslMode}: ${weaker[sslMode]}`, remedy }]
  return { found, faults: [...unverified, ...expiryWarning(found, origin)] }
}

/** What the server says of itself, and who it takes this user for. */
export const readFacts = async (connection: Connection) => {
  const [[row]] = await connection.query<RowDataPacket[]>(
    'SELECT VERSION() AS version, CURRENT_USER() AS user',
  )
  const version = String(row?.version)
  return {
    // MariaDB says so in its version: 10.11.14-MariaDB-0+deb12u2.
    name: version.includes('MariaDB') ? 'MariaDB' : 'MySQL',
    version: version.replace(/-.*$/, ''),
    user: String(row?.user),
  }
}

/**
 * What the requests need: the table, readable. And whether it can be written, with a warning where it cannot: a replica,
 * or a server that was made read-only while another takes over.
 */
export const readAndState = async (
  connection: Connection,
  server: ServerFacts,
  config: Config,
): Promise<Found<'read and write'> & { faults: Fault[] }> => {
  // MariaDB has the old name of the variable, and had no other before 11.1.
  const isolationOf = server.name === 'MariaDB' ? 'tx_isolation' : 'transaction_isolation'
  const rows = '(SELECT COUNT(*) FROM (SELECT id FROM words LIMIT 1) AS words) AS rowsRead'
  const ask = (sql: string) => connection.execute<RowDataPacket[]>(sql)
  // One question, one way to the server and back.
  const [[state]] = await ask(
    `SELECT ${rows}, @@SESSION.${isolationOf} AS isolation, @@GLOBAL.read_only AS r, @@GLOBAL.innodb_read_only AS i`,
  ).catch((error: { sqlState?: string }) => {
    // A proxy such as Vitess does not know every variable: what it refuses to tell is left out.
    if (error.sqlState === undefined) throw error
    return ask(`SELECT ${rows}`)
  })
  const isReadOnly = [state?.r, state?.i].some((value) => ['1', 'ON'].includes(String(value)))
  const fault = {
    origin: 'COMPOSE_MYSQL_URL',
    problem: `${serversOf(config)} is read-only: words can be read, and adding one is refused`,
    remedy: 'Name the server that takes writes, or make this one it: SET GLOBAL read_only = OFF.',
  }
  const consistency = state?.isolation === undefined ? null : String(state.isolation)
  return {
    rowsRead: Number(state?.rowsRead),
    rowsWritten: null,
    consistency,
    faults: isReadOnly ? [fault] : [],
  }
}

/** The one server and the pool, as the driver has them now. */
export const look = ({ pool }: { pool: Pool }, config: Config, isReady: boolean) => {
  const { open, late: _, ...state } = poolNow(pool)
  const [address = ''] = serversOf(config)
  // And the one to watch the server with.
  const connections = open + (isReady ? 1 : 0)
  const member = { address, dataCenter: null, rack: null, up: isReady, connections }
  return { members: [{ ...member, inFlight: state.inUse }], pool: state }
}

/**
 * How many connections a pool has at most, open, late, in use and idle; how many requests wait for one, and may at most.
 */
export const poolNow = (pool: Pool) => {
  // The driver has no other way to ask.
  const { _allConnections, _freeConnections, _connectionQueue, config } = pool.pool as unknown as {
    _allConnections: {
      length: number
      get: (index: number) => { authorized: boolean; lastActiveTime: number }
    }
    _freeConnections: { length: number }
    _connectionQueue: { length: number }
    config: { connectionLimit: number; queueLimit: number }
  }
  const { length } = _allConnections
  const all = Array.from({ length }, (_, index) => _allConnections.get(index))
  return {
    limit: config.connectionLimit,
    open: all.filter(({ authorized }) => authorized).length,
    // Begun half a second ago, and not there yet; one that takes the place of one given up is younger.
    late: all.filter((one) => !one.authorized && Date.now() - one.lastActiveTime > 500).length,
    // Those that are coming about have their place in it already.
    inUse: length - _freeConnections.length,
    idle: _freeConnections.length,
    waiting: _connectionQueue.length,
    queueLimit: config.queueLimit,
  }
}
