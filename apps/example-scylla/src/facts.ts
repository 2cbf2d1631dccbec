import { type Client, type errors, type Host, types } from 'cassandra-driver'
import type { Found, ServerFacts, Steps } from 'connection'
import { execute } from './policies.ts'

/** What the member that answers says of itself, and how the connection is protected. */
export const readFacts = async (client: Client, steps: Steps): Promise<ServerFacts> => {
  const [host] = client.getState().getConnectedHosts()
  return { ...(await readVersion(client, host)), ...protectionOf(steps) }
}

/** A member's own name and version. */
export const readVersion = async (client: Client, host: Host | undefined) => {
  const release = host?.cassandraVersion ?? '?'
  try {
    // Only ScyllaDB has this table; to CQL's release_version it answers with the Cassandra version it is compatible with.
    const versions = "SELECT version FROM system.versions WHERE key = 'local'"
    const rows = await client.execute(versions, [], { prepare: false, ...(host && { host }) })
    return { name: 'ScyllaDB', version: String(rows.first()?.version ?? release) }
  } catch (error) {
    const { code } = error as errors.ResponseError
    if (code === types.responseErrorCodes.invalid) return { name: 'Apache Cassandra', version: release }
    if (code === types.responseErrorCodes.unauthorized) return { name: 'ScyllaDB', version: release }
    throw error
  }
}

/** A row that is not there costs one read at the consistency level of all the others. */
export const check = async (client: Client): Promise<Found<'read and write'>> => {
  const { rowLength } = await execute(client, 'SELECT word FROM grand_tour.words WHERE id = ?', [
    types.Uuid.random(),
  ])
  return { rowsRead: rowLength, rowsWritten: null, consistency: 'LOCAL_QUORUM' }
}

/** As the handshakes of the steps settled it. */
const protectionOf = (steps: Steps): Pick<ServerFacts, 'tls' | 'verified'> => {
  for (const { steps: ofServer } of steps.report().servers) {
    for (const step of ofServer) {
      if (step.step === 'certificate' && step.found)
        return { tls: step.found.protocol, verified: step.found.verified }
    }
  }
  return { tls: null, verified: false }
}

/** The members as the driver has them now, and why one is down. A statement under way holds a stream of a connection. */
export const look = (client: Client, whyNot: (endpoint: string) => string) => {
  const state = client.getState()
  const members = client.hosts.values().map((host) => ({
    address: host.address,
    dataCenter: host.datacenter,
    rack: host.rack,
    up: host.isUp(),
    connections: state.getOpenConnections(host),
    inFlight: state.getInFlightQueries(host),
    ...(!host.isUp() && { reason: whyNot(host.address) }),
  }))
  return { members, pool: null }
}

/** The member that answered, of a result or of an error that names one. */
export const memberOf = (outcome: unknown): string | null => {
  const { info, host, coordinator } = (outcome ?? {}) as {
    info?: types.ResultSet['info']
    host?: string
    coordinator?: string
  }
  return info?.queriedHost ?? host ?? coordinator ?? null
}
