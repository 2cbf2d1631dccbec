import type { Duplex } from 'node:stream'
import mysql, { type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise'
import type { Logger } from 'server'

const CREATE_DATABASE = 'CREATE DATABASE IF NOT EXISTS grand_tour CHARACTER SET utf8mb4'
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS words (
  id serial PRIMARY KEY, word varchar(256) NOT NULL, definition varchar(256) NOT NULL) CHARACTER SET utf8mb4`

/** A table that exists and that this stop cannot work with; it is never altered. */
export class SchemaFault extends Error {}

/**
 * Creates the database and the table where they are missing. What exists is never altered: a table that cannot be used
 * is a {@link SchemaFault}, one that cannot hold every text is logged.
 *
 * @returns the database the words are in: grand_tour, or the URL's own where the user may not create one
 */
export const ensureSchema = async (
  options: ConnectionOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<string> => {
  const connection = await mysql.createConnection(options)
  signal.addEventListener('abort', () => cutOff(connection))
  // A connection outside of a pool throws its errors at the process unless somebody listens.
  connection.on('error', () => {})
  try {
    const database = await databaseFor(connection, options, log)
    await connection.changeUser({ database })
    const found = await columnsOf(connection)
    if (found.length === 0) await connection.query(CREATE_TABLE)
    else checkColumns(database, found, log)
    return database
  } finally {
    cutOff(connection)
  }
}

/**
 * Gives a connection up at once. The driver's `destroy()` ends the stream politely: where the server is silent, the
 * socket would stay.
 */
export const cutOff = (connection: Connection): void => {
  connection.destroy()
  // The declared type leaves out the connection that a promise wraps.
  const { stream } = (connection as unknown as { connection: { stream: Duplex } }).connection
  stream.destroy()
}

const databaseFor = async (
  connection: Connection,
  options: ConnectionOptions,
  log: Logger,
): Promise<string> => {
  const [found] = await connection.query<RowDataPacket[]>("SHOW DATABASES LIKE 'grand\\_tour'")
  if (found.length > 0) return 'grand_tour'
  try {
    await connection.query(CREATE_DATABASE)
    return 'grand_tour'
  } catch (error) {
    // 1044: access denied to a database; 1227: a privilege is missing; 1105, 1235: a proxy such as Vitess has no such
    // statement. Managed services often grant one database only.
    if (![1044, 1227, 1105, 1235].includes((error as { errno: number }).errno)) throw error
    const database = options.database ?? ''
    log.warn(
      { database },
      `user ${options.user} may not create the database grand_tour: the words are kept in ${database}`,
    )
    return database
  }
}

type Column = RowDataPacket & {
  name: string
  type: string
  key: string
  charset: string | null
  length: number | null
}

const columnsOf = async (connection: Connection): Promise<Column[]> => {
  const [columns] = await connection.query<Column[]>(
    `SELECT column_name AS name, data_type AS type, column_key AS \`key\`, character_set_name AS charset,
      character_maximum_length AS length
    FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'words'`,
  )
  return columns
}

const checkColumns = (database: string, columns: Column[], log: Logger) => {
  const table = `table ${database}.words`
  const missing = ['id', 'word', 'definition'].filter(
    (name) => !columns.some((column) => column.name === name),
  )
  if (missing.length > 0) {
    throw new SchemaFault(
      `${table} has the columns ${columns.map(({ name }) => name).join(', ')}; this stop needs ${missing.join(', ')} too. ` +
        'It is left as it is: rename it out of the way, or name another database in COMPOSE_MYSQL_URL.',
    )
  }
  for (const { name, charset, length } of columns) {
    if (name !== 'word' && name !== 'definition') continue
    if (charset !== 'utf8mb4' || Number(length) < 256) {
      log.warn(
        { column: name, charset, length },
        `${table} was made by another program: its column ${name} is ${charset} with ${length} characters. It is left as it is; a text that it cannot hold is refused`,
      )
    }
  }
}
