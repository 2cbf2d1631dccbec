import { type Fault, type Found, SchemaFault } from 'connection'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Config } from './config.ts'

const CREATE_DATABASE = 'CREATE DATABASE IF NOT EXISTS grand_tour CHARACTER SET utf8mb4'
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS words (
  id serial PRIMARY KEY, word varchar(256) NOT NULL, definition varchar(256) NOT NULL) CHARACTER SET utf8mb4`
/**
 * Beside `words`, which stays as it is: the ids of words that came with an Idempotency-Key, and when (UTC). With transactions,
 * whatever engine the server takes unless told: an id that is not taken back with its word would be that of a word lost.
 */
export const CREATE_KEYS = `CREATE TABLE IF NOT EXISTS word_keys (
  id binary(16) NOT NULL PRIMARY KEY, added datetime NOT NULL, KEY (added)) ENGINE = InnoDB`

/** What is there, what about it is a warning, and whether what is written to it can be rolled back. */
type Schema = { found: Found<'schema'>; faults: Fault[]; canRollBack: boolean }

/**
 * Creates the database and the tables where they are missing, and leaves the connection in that database. What exists
 * is never altered: a table that cannot be used is a {@link SchemaFault}, one that cannot hold every text is a warning.
 *
 * @returns what is there then; the words are in grand_tour, or in the URL's own database where the user may not create one
 */
export const ensureSchema = async (connection: Connection, config: Config): Promise<Schema> => {
  const elsewhere = await ensureDatabase(connection, config)
  await connection.query('USE ??', [
    elsewhere === undefined ? 'grand_tour' : config.COMPOSE_MYSQL_URL.database,
  ])
  const before = await columnsOf(connection)
  const created = before.length === 0
  if (created) await connection.query(CREATE_TABLE)
  const noKeys = await ensureKeys(connection, config)
  const { found, faults, canRollBack } = inspectTable(created ? await columnsOf(connection) : before)
  return {
    found: { ...found, created },
    canRollBack,
    faults: [elsewhere, ...faults, noKeys].filter((fault) => fault !== undefined),
  }
}

/** What is there, without creating anything: no table yet is a warning. Leaves the connection in that database. */
export const inspectSchema = async (connection: Connection, config: Config): Promise<Schema> => {
  const { database } = config.COMPOSE_MYSQL_URL
  for (const name of (await isThere(connection)) ? ['grand_tour', database] : [database]) {
    await connection.query('USE ??', [name])
    const columns = await columnsOf(connection)
    if (columns.length > 0) return inspectTable(columns)
  }
  return {
    found: { ...nothing, database: 'grand_tour' },
    canRollBack: false,
    faults: [
      {
        origin: 'table grand_tour.words',
        problem: 'it is not there yet',
        remedy: 'Nothing is to be done: the stop makes it when it starts, with the right CREATE.',
      },
    ],
  }
}

const nothing = { table: 'words', created: false, replication: null, charset: null, differences: [] }

const isThere = async (connection: Connection): Promise<boolean> => {
  // Not SHOW DATABASES, which skip-show-database forbids; nor LIKE, whose escapes NO_BACKSLASH_ESCAPES takes away.
  const [found] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.schemata WHERE schema_name = 'grand_tour'",
  )
  return found.length > 0
}

/** A warning where the words have to be kept elsewhere. */
const ensureDatabase = async (connection: Connection, config: Config): Promise<Fault | undefined> => {
  if (await isThere(connection)) return undefined
  try {
    await connection.query(CREATE_DATABASE)
    return undefined
  } catch (error) {
    // 1044: access denied to a database; 1227: a privilege is missing; 1105, 1235: a proxy such as Vitess has no such
    // statement. Managed services often grant one database only.
    if (![1044, 1227, 1105, 1235].includes((error as { errno: number }).errno)) throw error
    const { database, user } = config.COMPOSE_MYSQL_URL
    return {
      origin: 'COMPOSE_MYSQL_URL',
      problem: `user ${user} may not create the database grand_tour: the words are kept in ${database}`,
      remedy: 'To have them in grand_tour, create it and grant it to this user.',
    }
  }
}

/** Words can be read and written without this table: where it cannot be made, those with a key are refused. */
const ensureKeys = async (connection: Connection, config: Config): Promise<Fault | undefined> => {
  const [found] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'word_keys'",
  )
  if (found.length > 0) return undefined
  try {
    await connection.query(CREATE_KEYS)
    return undefined
  } catch (error) {
    const { errno = 0, code } = error as { errno?: number; code?: string }
    // Below 1000 are errors of the network.
    if (errno < 1000) throw error
    const { user } = config.COMPOSE_MYSQL_URL
    return {
      origin: 'COMPOSE_MYSQL_URL',
      problem: `user ${user} may not create the table word_keys: words with an Idempotency-Key are refused (${code})`,
      remedy: 'Grant the right CREATE, or send words without a key.',
    }
  }
}

type Column = RowDataPacket & {
  name: string
  charset: string | null
  length: number | null
  engine: string | null
  database: string
  connection: string
}

/** The columns of the table, none where there is no table, each with its table's engine and the connection's charset. */
const columnsOf = async (connection: Connection): Promise<Column[]> => {
  const [columns] = await connection.query<Column[]>(
    `SELECT c.column_name AS name, c.character_set_name AS charset, c.character_maximum_length AS length,
      t.engine AS engine, DATABASE() AS \`database\`, @@SESSION.character_set_connection AS connection
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = DATABASE() AND table_name = 'words' ORDER BY c.ordinal_position`,
  )
  return columns
}

/** The table that is there, held against the one that this stop would make. */
const inspectTable = (columns: readonly Column[]): Schema => {
  const [{ database = '', engine = '', connection: onConnection = '' } = {}] = columns
  const table = `table ${database}.words`
  const missing = ['id', 'word', 'definition'].filter(
    (name) => !columns.some((column) => column.name === name),
  )
  if (missing.length > 0) {
    throw new SchemaFault({
      origin: table,
      problem: `it has the columns ${columns.map(({ name }) => name).join(', ')}; this stop needs ${missing.join(', ')} too`,
      remedy: 'It is left as it is: rename it out of the way, or name another database in COMPOSE_MYSQL_URL.',
    })
  }
  const texts = columns.filter(({ name }) => name === 'word' || name === 'definition')
  const faults: Fault[] = []
  const warn = (problem: string, remedy: string, origin = table) =>
    void faults.push({ origin, problem, remedy })
  for (const { name, charset, length } of texts) {
    if (charset !== 'utf8mb4' || Number(length) < 256)
      warn(
        `its column ${name} is ${charset} with ${length} characters; this stop would make it utf8mb4 with 256`,
        'It is left as it is, and a text that it cannot hold, such as an emoji in latin1, is refused; of one that is longer by spaces at its end alone, MySQL cuts these.',
      )
  }
  // Only a table with transactions stores a word and its key together or not at all.
  if (engine !== null && engine !== 'InnoDB')
    warn(`its engine is ${engine}, without transactions`, 'It is left as it is.')
  // A server that ignores what its clients ask for (skip-character-set-client-handshake), or a proxy.
  if (onConnection !== 'utf8mb4')
    warn(
      `texts travel as ${onConnection}, although utf8mb4 was asked for`,
      "Remove skip-character-set-client-handshake, or set the server's charset to utf8mb4.",
      'COMPOSE_MYSQL_URL',
    )
  const charsets = [...new Set(texts.map(({ charset }) => charset ?? 'binary'))].join(' and ')
  const charset = charsets === onConnection ? charsets : `${charsets}, ${onConnection} on the connection`
  const differences = faults.map(({ problem }) => problem)
  return { found: { ...nothing, database, charset, differences }, faults, canRollBack: engine === 'InnoDB' }
}
