import type { Client } from 'cassandra-driver'
import type { Logger } from 'server'
import type { Config } from './config.ts'

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS grand_tour.words (id uuid PRIMARY KEY, word text, definition text)`

/** The keyspace is NetworkTopologyStrategy always: ScyllaDB refuses SimpleStrategy where it uses tablets. */
const createKeyspace = (replication: Map<string, number>) =>
  `CREATE KEYSPACE IF NOT EXISTS grand_tour WITH replication = {'class': 'NetworkTopologyStrategy', ${[
    ...replication,
  ]
    .map(([dataCenter, factor]) => `'${dataCenter.replaceAll("'", "''")}': ${factor}`)
    .join(', ')}}`

// Schema changes are agreed on by all members, which takes longer than a read and is not to be tried twice at once.
const ddl = { prepare: false, readTimeout: 10_000, isIdempotent: false }

/** A keyspace or a table that exists and that this stop cannot work with; it is never altered. */
export class SchemaFault extends Error {}

/**
 * Creates the keyspace and the table where they are missing. What exists is never altered: a replication that differs
 * is logged, a table that cannot be used is a {@link SchemaFault}.
 */
export const ensureSchema = async (client: Client, config: Config, log: Logger): Promise<void> => {
  const wanted = replicationFor(client, config)
  if (client.metadata.keyspaces.grand_tour === undefined) await create(client, wanted, log)

  const columns = await client.execute(
    "SELECT column_name, kind, type FROM system_schema.columns WHERE keyspace_name = 'grand_tour' AND table_name = 'words'",
  )
  if (columns.rowLength === 0) await client.execute(CREATE_TABLE, [], ddl)
  else
    checkColumns(
      columns.rows.map(
        (row) => `${row.column_name} ${row.type}${row.kind === 'partition_key' ? ' key' : ''}`,
      ),
    )
  await compareReplication(client, wanted, log)
}

/**
 * How many copies per data centre: as configured, else one per member up to three. Counted over the members that the
 * cluster knows, up or down: one that happens to be down now must not fix two copies for ever.
 */
const replicationFor = (client: Client, config: Config): Map<string, number> => {
  const members = Map.groupBy(client.hosts.values(), (host) => host.datacenter)
  return new Map(
    [...members].map(([dataCenter, hosts]) => [
      dataCenter,
      config.COMPOSE_SCYLLA_REPLICATION_FACTOR ?? Math.min(3, hosts.length),
    ]),
  )
}

const create = async (client: Client, wanted: Map<string, number>, log: Logger) => {
  try {
    await client.execute(createKeyspace(wanted), [], ddl)
  } catch (error) {
    // ScyllaDB with rf_rack_valid_keyspaces wants as many racks as copies (scylladb/scylladb #22681).
    if (!/rack/i.test((error as Error).message)) throw error
    for (const [dataCenter, racks] of racksOf(client)) {
      wanted.set(dataCenter, Math.min(wanted.get(dataCenter) ?? 1, racks))
      log.warn(
        { dataCenter, racks },
        `${racks} rack(s) found, using replication factor ${wanted.get(dataCenter)}; set COMPOSE_SCYLLA_REPLICATION_FACTOR to override`,
      )
    }
    await client.execute(createKeyspace(wanted), [], ddl)
  }
}

/** How many racks each data centre has. */
const racksOf = (client: Client): Map<string, number> => {
  const members = Map.groupBy(client.hosts.values(), (host) => host.datacenter)
  return new Map(
    [...members].map(([dataCenter, hosts]) => [dataCenter, new Set(hosts.map(({ rack }) => rack)).size]),
  )
}

const checkColumns = (columns: string[]) => {
  const missing = ['id uuid key', 'word text', 'definition text'].filter(
    (column) => !columns.includes(column),
  )
  if (missing.length === 0) return
  const byNode = columns.includes('my_table_id uuid key')
    ? ', as the Node.js version of the tour makes it'
    : ''
  throw new SchemaFault(
    `table grand_tour.words has the columns (${columns.join(', ')})${byNode}; this stop needs (${missing.join(', ')}). ` +
      'It is left as it is: copy its rows into a table with an id column, or rename it out of the way.',
  )
}

/** IF NOT EXISTS keeps an old keyspace as it is, so what is there is read back and held against what was wanted. */
const compareReplication = async (client: Client, wanted: Map<string, number>, log: Logger) => {
  const { rows } = await client.execute(
    "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
  )
  const { class: strategy = '', ...found } = (rows[0]?.replication ?? {}) as Record<string, string>
  const racks = racksOf(client)
  const isRight = ([dataCenter, factor]: [string, number]) =>
    // Or what `create` falls back to where the cluster wants a rack for each copy.
    [factor, Math.min(factor, racks.get(dataCenter) ?? 0)].includes(Number(found[dataCenter]))
  if (strategy.endsWith('NetworkTopologyStrategy') && [...wanted].every(isRight)) return
  const text = Object.entries(found).map(([dataCenter, factor]) => `${dataCenter}: ${factor}`)
  log.warn(
    { strategy, replication: found, wanted: Object.fromEntries(wanted) },
    `keyspace grand_tour exists with ${strategy.replace(/^.*\./, '')} ${text.join(', ')}; this stop would make it ${createKeyspace(wanted).replace(/^.*replication = /, '')}. It is left as it is`,
  )
}
