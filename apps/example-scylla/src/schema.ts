import type { Client, types } from 'cassandra-driver'
import { type Fault, SchemaFault } from 'connection'
import type { Config } from './config.ts'
import { ddl, differenceOf, lossWarnings, makeKeyspace } from './replication.ts'

const KEYSPACE = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'"
const COLUMNS =
  "SELECT column_name, kind, type FROM system_schema.columns WHERE keyspace_name = 'grand_tour' AND table_name = 'words'"
const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS grand_tour.words (id uuid PRIMARY KEY, word text, definition text)'

/**
 * Creates the keyspace and the table where they are missing, and tells what is there. What exists is never altered: a
 * replication that differs is a warning. Nothing is created that is there already, so a user without the right to
 * create can do with what another has made.
 *
 * @param names address → the names that lead there
 * @throws {@link SchemaFault} for a table that cannot be used, a replication that the cluster cannot keep,
 *   and a keyspace that would be made before the members that the URL names
 */
export const ensureSchema = async (client: Client, config: Config, names: Map<string, string[]>) => {
  const before = await read(client)
  const isMade = before.columns.length === 0
  const warnings = before.replication === undefined ? await makeKeyspace(client, config, names) : []
  if (isMade) await makeTable(client)
  const { found, faults } = inspect(client, config, isMade ? await read(client) : before)
  return { found: { ...found, created: isMade }, faults: [...warnings, ...faults] }
}

/**
 * Tells what is there, and what about it is a warning; creates nothing.
 *
 * @throws {@link SchemaFault} for a table that cannot be used
 */
export const inspectSchema = async (client: Client, config: Config) =>
  inspect(client, config, await read(client))

const inspect = (client: Client, config: Config, { replication, columns }: Schema) => {
  const found = { database: 'grand_tour', table: 'words', created: false, charset: null }
  if (replication === undefined || columns.length === 0) {
    const faults = [missing(replication === undefined ? 'keyspace grand_tour' : 'table grand_tour.words')]
    return { found: { ...found, replication: replication ?? null, differences: [] }, faults, isMissing: true }
  }
  checkColumns(columns)
  const differences = differenceOf(client, config, replication)
  const asMade = differences.map((difference) => ({
    origin: 'keyspace grand_tour',
    problem: `its ${difference}`,
    remedy: 'It is left as it is; ALTER KEYSPACE, and then a repair of every member, change it.',
  }))
  const faults = [...asMade, ...lossWarnings(client, replication)]
  return { found: { ...found, replication, differences }, faults, isMissing: false }
}

type Schema = Awaited<ReturnType<typeof read>>

/** As the cluster has it: the replication, undefined without the keyspace, and the columns of the table. */
const read = async (client: Client) => {
  const [keyspace, table] = await Promise.all([client.execute(KEYSPACE), client.execute(COLUMNS)])
  const column = ({ column_name, type, kind }: types.Row) =>
    `${column_name} ${type}${kind === 'partition_key' ? ' key' : ''}`
  return {
    replication: keyspace.first()?.replication as Record<string, string> | undefined,
    columns: table.rows.map(column),
  }
}

const makeTable = async (client: Client) => {
  try {
    await client.execute(CREATE_TABLE, [], ddl(client))
  } catch (error) {
    // ScyllaDB looks at the replication of a keyspace only when its first table is made.
    if (!/enough token-owning nodes/.test((error as Error).message)) throw error
    throw new SchemaFault({
      origin: 'keyspace grand_tour',
      problem: `no table can be made in it: ${(error as Error).message}`,
      remedy:
        'ALTER KEYSPACE to fewer copies, or add members; a member that owns no tokens counts for nothing.',
    })
  }
}

const missing = (what: string): Fault => ({
  origin: what,
  problem: 'it is not there yet',
  remedy: 'The stop makes it when it starts, if its user may.',
})

const checkColumns = (columns: string[]) => {
  const wanted = ['id uuid key', 'word text', 'definition text']
  const absent = wanted.filter((column) => !columns.includes(column))
  if (absent.length === 0) return
  const byNode = columns.includes('my_table_id uuid key')
    ? ', as the Node.js version of the tour makes it'
    : ''
  throw new SchemaFault({
    origin: 'table grand_tour.words',
    problem: `it has the columns (${columns.join(', ')})${byNode}; this stop needs (${absent.join(', ')})`,
    remedy: 'It is left as it is: copy its rows into a table with an id column, or rename it out of the way.',
  })
}
