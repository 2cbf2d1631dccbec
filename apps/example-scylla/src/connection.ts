import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'
import { auth, Client, type ClientOptions, policies, types } from 'cassandra-driver'
import { hostsByAddress, keepConnected, probeTls } from 'connection'
import type { Logger } from 'server'
import type { Config } from './config.ts'
import { explainer } from './errors.ts'
import { readFacts } from './facts.ts'
import { AddressesOfConfig, LocalDataCenter, RetryOnNextHost } from './policies.ts'
import { ensureSchema } from './schema.ts'

export type Database = ReturnType<typeof connect>

/** Connects in the background and stays connected. */
export const connect = (config: Config, log: Logger) => {
  if (config.COMPOSE_SCYLLA_URL[0]?.scheme === 'http')
    log.warn(
      'COMPOSE_SCYLLA_URL: http:// means no TLS: the password travels readable. Use https:// to encrypt and verify.',
    )
  return keepConnected({
    open: () => open(config, log),
    // A row that is not there costs one read at the consistency level of all the others.
    check: ({ client }) =>
      client.execute('SELECT word FROM grand_tour.words WHERE id = ?', [types.Uuid.random()]),
    close: ({ client }) => client.shutdown(),
    explain: explainer(config),
    log,
  })
}

/** The whole way: name, port, certificate, login, schema. */
const open = async (config: Config, log: Logger) => {
  const hosts = config.COMPOSE_SCYLLA_URL.map(({ host }) => host)
  const names = await hostsByAddress(hosts)
  const tls = tlsOptions(config, names)
  // A handshake of our own first: it says in words why a certificate is refused, and which TLS version was agreed on,
  // which the driver does not tell. One member that answers is enough.
  const probes =
    tls && config.COMPOSE_SCYLLA_URL.map(({ host, port }) => probeTls({ ...tls, host, port }, 2000))
  const handshake = probes && (await Promise.any(probes))

  // A fresh client for each attempt: one whose connect() failed is not used again.
  const client = new Client(clientOptions(config, names, tls))
  try {
    await client.connect()
    await ensureSchema(client, config, log)
    return { client, server: await readFacts(client, handshake?.protocol) }
  } catch (error) {
    await client.shutdown()
    throw error
  }
}

/**
 * Encrypts, and verifies the authority, the name and the expiry. The driver's own default is `rejectUnauthorized:
 * false`: with `sslOptions: {}` or `{ ca }` alone it accepts any certificate.
 */
const tlsOptions = (config: Config, names: Map<string, string[]>): ConnectionOptions | undefined => {
  if (config.COMPOSE_SCYLLA_URL[0]?.scheme === 'http') return undefined
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(config.PATH_TO_SCYLLA_CERT && { ca: config.PATH_TO_SCYLLA_CERT.pem }),
    ...(config.PATH_TO_SCYLLA_CLIENT_CERT && { cert: config.PATH_TO_SCYLLA_CLIENT_CERT.pem }),
    ...(config.PATH_TO_SCYLLA_CLIENT_KEY && { key: config.PATH_TO_SCYLLA_CLIENT_KEY.pem }),
    // The driver dials addresses, so Node.js would look for the address in the certificate. Ask for the name instead.
    checkServerIdentity: (host: string, presented: PeerCertificate) => {
      const faults = (names.get(host) ?? [host]).map((name) => checkServerIdentity(name, presented))
      return faults.includes(undefined) ? undefined : faults[0]
    },
  }
}

/** Every setting that differs from the driver's default, with what goes wrong at the default. */
const clientOptions = (
  config: Config,
  names: Map<string, string[]>,
  tls: ConnectionOptions | undefined,
): ClientOptions => {
  const [first] = config.COMPOSE_SCYLLA_URL
  return {
    // Addresses, as resolved above: the driver asks the name server past /etc/hosts, and could dial other ones.
    contactPoints: config.COMPOSE_SCYLLA_URL.flatMap(({ host, port }) =>
      [...names].filter(([, hosts]) => hosts.includes(host)).map(([address]) => endpointOf(address, port)),
    ),
    authProvider: new auth.PlainTextAuthProvider(first?.user ?? '', first?.password ?? ''),
    ...(tls && { sslOptions: tls }),
    // Default 9042: the driver dials every peer on this port, whatever ports the contact points have. With another
    // port in the URLs it would use one member and hold the others for down, without an error.
    protocolOptions: { port: first?.port ?? 9042 },
    policies: {
      addressResolution: new AddressesOfConfig(config, names),
      // Default: throws without a localDataCenter.
      loadBalancing: new LocalDataCenter(config, names),
      // Default: exponential from 1 s to 10 min, so a member that returns may stay unused for minutes.
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 1000, false),
      // Default: rethrows most read and write timeouts.
      retry: new RetryOnNextHost(),
    },
    queryOptions: {
      // Default LOCAL_ONE: a read may miss what was just written. Both ways at LOCAL_QUORUM, reads see every
      // acknowledged write and one of three members may be down.
      consistency: types.consistencies.localQuorum,
      // Default false: then numbers travel as doubles ("Target data type could not be guessed") and no token routes.
      prepare: true,
      // Default false: then nothing is retried after a timeout. Every statement of this stop may be repeated: reads,
      // and an INSERT whose UUID is made before the first attempt.
      isIdempotent: true,
    },
    socketOptions: {
      // Default 5000: an unreachable member holds up the start by that for each attempt.
      connectTimeout: 1500,
      // Default 12,000. Just above the 1000 ms at which the members of a local cluster give up on each other, so the
      // member's own answer ("1 of 2 replicas") comes first, and two tries fit into the 3.5 s a request may take.
      readTimeout: 1200,
    },
    // Default 30,000: a connection that was cut without a word is found only after that.
    pooling: { heartBeatInterval: 2000 },
  }
}

const endpointOf = (address: string, port: number) =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`
