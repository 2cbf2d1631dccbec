import { type Client, type errors, types } from 'cassandra-driver'
import type { ServerFacts } from 'connection'

/**
 * What the member that answers says of itself, and how the connection is protected.
 *
 * @param protocol the TLS protocol of the handshake; undefined without TLS
 */
export const readFacts = async (client: Client, protocol: string | undefined): Promise<ServerFacts> => {
  const tls = { tls: protocol ?? null, verified: protocol !== undefined }
  // Only ScyllaDB has this table; it answers CQL's release_version with the Cassandra version it is compatible with.
  const scylla = await client
    .execute("SELECT version FROM system.versions WHERE key = 'local'", [], { prepare: false })
    .catch((error: errors.ResponseError) => {
      if (error.code !== types.responseErrorCodes.invalid) throw error
      return undefined
    })
  if (scylla?.first()) return { name: 'ScyllaDB', version: scylla.first().version, ...tls }
  const cassandra = await client.execute("SELECT release_version FROM system.local WHERE key = 'local'")
  return { name: 'Apache Cassandra', version: cassandra.first().release_version, ...tls }
}
