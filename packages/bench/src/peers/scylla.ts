import { readFileSync } from 'node:fs'
import { checkServerIdentity } from 'node:tls'
import { auth, Client, type ClientOptions, types } from 'cassandra-driver'

/**
 * The client that every peer on CQL has: the options that the driver's documentation shows
 * (https://docs.datastax.com/en/developer/nodejs-driver), verified TLS, and what gives the same promise as the stop (a
 * read sees every acknowledged write), so that the members do the same work for all.
 *
 * @param others options to be tried in place of these
 */
export const openClient = async (
  { COMPOSE_SCYLLA_URL = '', PATH_TO_SCYLLA_CERT = '' }: NodeJS.Dict<string>,
  others: Partial<ClientOptions> = {},
) => {
  const urls = COMPOSE_SCYLLA_URL.split(',').map((url) => new URL(url))
  const [first] = urls
  const client = new Client({
    contactPoints: urls.map(({ host }) => host),
    localDataCenter: 'datacenter1',
    keyspace: 'grand_tour',
    protocolOptions: { port: Number(first?.port) },
    authProvider: new auth.PlainTextAuthProvider(first?.username ?? '', first?.password ?? ''),
    sslOptions: {
      ca: readFileSync(PATH_TO_SCYLLA_CERT),
      rejectUnauthorized: true,
      // The driver dials addresses; every member of a local cluster has this name, too.
      checkServerIdentity: (_, certificate) => checkServerIdentity('localhost', certificate),
    },
    ...others,
    queryOptions: {
      prepare: true,
      consistency: types.consistencies.localQuorum,
      ...others.queryOptions,
    },
  })
  await client.connect()
  return client
}
