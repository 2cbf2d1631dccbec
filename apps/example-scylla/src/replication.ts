import type { Client, QueryOptions } from 'cassandra-driver'
import { type Fault, SchemaFault } from 'connection'
import type { Config } from './config.ts'
import { countNamed } from './contact-points.ts'
import { localDataCenterOf } from './policies.ts'

/**
 * Schema changes are agreed on by all members, which takes longer than a read and is not to be tried twice at once. Every
 * process sends them to the same member, the first by its id: two members of Apache Cassandra that are told at the same
 * time to make a table make two of that name, and what one of them has is lost (CASSANDRA-10699).
 */
export const ddl = (client: Client): QueryOptions => {
  const [host] = client
    .getState()
    .getConnectedHosts()
    .sort((a, b) => (String(a.hostId) < String(b.hostId) ? -1 : 1))
  return { prepare: false, readTimeout: 10_000, isIdempotent: false, ...(host && { host }) }
}

/**
 * Makes the keyspace, with as many copies as {@link replicationFor} says or as the cluster allows.
 *
 * @param names address → the names that lead there
 * @returns a warning where that is another number
 * @throws {@link SchemaFault} where COMPOSE_SCYLLA_REPLICATION_FACTOR asks for what the cluster cannot keep,
 *   and where the cluster has fewer members than the URL names, and too few for three copies
 */
export const makeKeyspace = async (
  client: Client,
  config: Config,
  names: Map<string, string[]>,
): Promise<Fault[]> => {
  const wanted = replicationFor(client, config)
  const fewest = Math.min(...wanted.values())
  const [known, named] = [client.hosts.length, countNamed(config, names)]
  if (config.COMPOSE_SCYLLA_REPLICATION_FACTOR === undefined && known < named && fewest < 3)
    throw new SchemaFault({
      origin: 'keyspace grand_tour',
      problem: `the cluster has ${known} of the ${named} members that the URL names; a keyspace made now would keep ${inCopies(fewest)} for ever`,
      remedy: 'Wait for the others, correct the URL, or set COMPOSE_SCYLLA_REPLICATION_FACTOR.',
    })
  for (const [dataCenter, hosts] of membersOf(client)) {
    const copies = wanted.get(dataCenter) ?? 0
    // ScyllaDB refuses this, but Cassandra makes a keyspace to which nothing can be written for want of replicas.
    if (copies > hosts.length)
      throw tooMany(copies, `${dataCenter} has ${hosts.length} members`, hosts.length)
  }
  try {
    await client.execute(createKeyspace(wanted), [], ddl(client))
    return []
  } catch (error) {
    // ScyllaDB with rf_rack_valid_keyspaces wants one copy, or as many as there are racks (scylladb/scylladb #22681).
    if (!/rf_rack_valid|RF-rack-valid/i.test((error as Error).message)) throw error
    const racks = racksOf(client)
    const count = Math.min(...racks.values())
    const { COMPOSE_SCYLLA_REPLICATION_FACTOR: asked } = config
    // What was asked for is not made something else in silence.
    if (asked !== undefined) throw tooMany(asked, `it wants a copy per rack, and has ${count}`, count)
    await client.execute(createKeyspace(racks), [], ddl(client))
    return [
      {
        origin: 'keyspace grand_tour',
        problem: `${count} rack${count === 1 ? '' : 's'} found, using replication factor ${count}: the cluster wants a copy per rack`,
        remedy: 'Give each member a rack of its own, or set COMPOSE_SCYLLA_REPLICATION_FACTOR to override.',
      },
    ]
  }
}

/** The keyspace is NetworkTopologyStrategy always: ScyllaDB refuses SimpleStrategy where it uses tablets. */
const createKeyspace = (replication: Map<string, number>) => {
  const copies = [...replication].map(([name, copies]) => `'${name.replaceAll("'", "''")}': ${copies}`)
  return `CREATE KEYSPACE IF NOT EXISTS grand_tour WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(', ')}}`
}

/**
 * How many copies per data centre: as configured, else one per member up to three. Counted over the members that the
 * cluster knows, up or down: one that happens to be down now must not fix two copies for ever.
 */
const replicationFor = (client: Client, { COMPOSE_SCYLLA_REPLICATION_FACTOR: asked }: Config) => {
  const members = [...membersOf(client)]
  return new Map(members.map(([name, hosts]) => [name, asked ?? Math.min(3, hosts.length)]))
}

const membersOf = (client: Client) => Map.groupBy(client.hosts.values(), (host) => host.datacenter)

/** How many racks each data centre has. */
const racksOf = (client: Client): Map<string, number> =>
  new Map([...membersOf(client)].map(([name, hosts]) => [name, new Set(hosts.map(({ rack }) => rack)).size]))

const tooMany = (copies: number, why: string, most: number) =>
  new SchemaFault({
    origin: 'COMPOSE_SCYLLA_REPLICATION_FACTOR',
    problem: `the cluster cannot keep ${copies} copies: ${why}`,
    remedy: `Set it to ${most}, or leave it out.`,
  })

type Replication = Record<string, string | number>

/**
 * IF NOT EXISTS keeps an old keyspace as it is: how it differs from what this stop would have made. Another
 * data centre may have fewer copies, or none: no request of this stop needs them.
 */
export const differenceOf = (client: Client, config: Config, replication: Replication): string[] => {
  const wanted = replicationFor(client, config)
  const racks = racksOf(client)
  const local = localDataCenterOf(client)
  const isRight = ([dataCenter, copies]: [string, number]) => {
    const kept = Number(replication[dataCenter] ?? 0)
    return kept === copies || kept === racks.get(dataCenter) || (dataCenter !== local && kept < copies)
  }
  if (/NetworkTopologyStrategy$/.test(String(replication.class)) && [...wanted].every(isRight)) return []
  const own = inWords({ class: 'NetworkTopologyStrategy', ...Object.fromEntries(wanted) })
  return [`replication is ${inWords(replication)}; this stop would make it ${own}`]
}

/**
 * Where no member may be lost: LOCAL_QUORUM needs all of one or two copies, and only of three or more less
 * than all. It needs none of another data centre.
 */
export const lossWarnings = (client: Client, replication: Replication): Fault[] => {
  const dataCenter = localDataCenterOf(client)
  const copies = Number(replication[dataCenter] ?? replication.replication_factor ?? 0)
  if (copies >= 3) return []
  return [
    {
      origin: 'keyspace grand_tour',
      problem: `with ${inCopies(copies)} in ${dataCenter} it survives no loss: while one of their members is down, words can be neither read nor written`,
      remedy: 'Three copies on three members go on with two of them.',
    },
  ]
}

const inCopies = (count: number) => `${count} ${count === 1 ? 'copy' : 'copies'}`

/** Such as `NetworkTopologyStrategy datacenter1: 3`. */
const inWords = ({ class: strategy = '', ...copies }: Replication): string => {
  const each = Object.entries(copies).map(([name, count]) => `${name}: ${count}`)
  return [String(strategy).replace(/^.*\./, ''), ...each].join(' ')
}
