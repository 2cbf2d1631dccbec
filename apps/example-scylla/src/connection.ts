import { setTimeout as wait } from 'node:timers/promises'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'
import {
  type ArrayOrObject,
  Client,
  type ClientOptions,
  policies,
  type QueryOptions,
  types,
} from 'cassandra-driver'
import { keepConnected, type Steps } from 'connection'
import type { Logger } from 'server'
import { type Config, serversOf } from './config.ts'
import { asContactPoint, type Contact, endpointsOf, reach, reachedOf } from './contact-points.ts'
import { faultOf, isSilence } from './errors.ts'
import { check, look, memberOf, readFacts } from './facts.ts'
import { Logins, reachAgain, tellLogins, tellRefusals } from './logins.ts'
import { AddressesOfConfig, execute, hasMoved, LocalDataCenter, RetryInTime } from './policies.ts'
import { ensureSchema } from './schema.ts'

export type Database = ReturnType<typeof connect>

/** Connects in the background and stays connected. */
export const connect = (config: Config, log: Logger) => {
  const fault = faultOf(config)
  const connection = keepConnected({
    servers: serversOf(config),
    open: (steps, signal) => open(config, steps, signal),
    check: ({ client }) => check(client),
    close: ({ client }) => client.shutdown(),
    // While one member is connected, the driver finds the others again by itself. Unless all are silent: connections that
    // died without a word it takes for open, and those in use are sent no heartbeat.
    recovers: ({ client }, error) => client.getState().getConnectedHosts().length > 0 && !isSilence(error),
    // Nobody is shut out for connections that came to nothing, as on MySQL, so it may be tried twice a second.
    tryEveryMs: 500,
    probe: async ({ client, contact }, steps) => {
      await reachAgain(client, contact, steps)
      if (await hasMoved(client)) await connection.renew()
    },
    look: ({ client, contact: { logins } }) =>
      look(client, (endpoint) => fault(logins.whyNot(endpoint).error, endpoint).problem),
    faultOf: fault,
    log,
  })
  const run = async (cql: string, values: ArrayOrObject, options?: QueryOptions) => {
    const { client } = connection.current()
    try {
      return await execute(client, cql, values, options)
    } catch (error) {
      // Where a fresh client has taken over, this one was shut down under the request, with whatever error.
      const { client: now } = connection.current()
      if (now === client) throw error
      return execute(now, cql, values, options, error)
    }
  }
  return {
    ...connection,
    /** Runs one prepared statement on the next member that has its rows. */
    execute: (cql: string, values: ArrayOrObject, options?: QueryOptions) =>
      connection.activity.run(cql, () => run(cql, values, options), memberOf),
  }
}

/** The whole way: name, port, certificate, login, schema. */
const open = async (config: Config, steps: Steps, signal: AbortSignal) => {
  const { client, contact } = await logIn(config, steps)
  const giveUp = () => void client.shutdown().catch(() => {})
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    signal.throwIfAborted() // while it logged in
    await steps.run(
      'schema',
      null,
      () => ensureSchema(client, config, contact.names),
      (outcome) => outcome,
    )
    return { client, contact, server: await readFacts(client, steps) }
  } catch (error) {
    await client.shutdown()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/**
 * Reaches every member of the URL, step by step, and logs in to the cluster through those that can be used.
 *
 * @param patienceMs how long to wait for the other members once one is reached: one is enough
 * @throws what the driver throws, or an AggregateError when no member can be reached
 */
export const logIn = async (config: Config, steps: Steps, patienceMs = 300) => {
  const names = new Map<string, string[]>()
  const tls = tlsOptions(config, names)
  const [first] = config.COMPOSE_SCYLLA_URL
  const logins = new Logins(first?.user ?? '', first?.password ?? '')
  // With options of its own each: a policy belongs to one client.
  const clientOf = (contactPoints: string[]) =>
    clientWith(clientOptions(config, contactPoints, names, tls, logins))
  const contact: Contact = { config, names, tls, logins, reached: new Set(), advertised: new Map(), clientOf }

  const reaching = config.COMPOSE_SCYLLA_URL.map((url) => reach(url, contact, steps))
  await Promise.any(reaching)
  await Promise.race([Promise.allSettled(reaching), wait(patienceMs, undefined, { ref: false })])

  // Addresses, as resolved above: the driver asks the name server past /etc/hosts, and could dial other ones.
  const contactPoints = reachedOf(contact)
    .flatMap((url) => endpointsOf(url, names))
    .map(asContactPoint)
  // A fresh client for each attempt: one whose connect() failed is not used again.
  const client = clientOf(contactPoints)
  logins.listenTo(client)
  try {
    await client.connect()
    // While all members are lost, the driver would dial the contact points anew and put other hosts in the place of
    // those it knows, whose connections would then stay open for ever. It finds the hosts it knows again without them.
    contactPoints.splice(0)
  } catch (error) {
    await client.shutdown()
    throw tellRefusals(contact, error, steps)
  }
  await tellLogins(contact, client, steps)
  return { client, contact }
}

/**
 * A client whose sockets end with it. The driver leaves those open that connect() gave up half-way, and those that are
 * on their way when it is shut down, and makes some afterwards; Node.js destroys a socket when its signal is aborted.
 * Without TLS those of connect() stay: the driver makes them with `new net.Socket()`, and takes no signal for them.
 */
export const clientWith = (options: ClientOptions): Client => {
  /**
   * A signal for each socket, which alone holds it: Node.js leaves its listener on a signal when the socket has closed. On
   * one for all, a member that is down would leave 17 kB there each time that it is dialled, twice a second.
   */
  const controllers = new WeakMap<AbortSignal, AbortController>()
  let signals: WeakRef<AbortSignal>[] = []
  let hasEnded = false
  const { sslOptions } = options
  // The declared type leaves out the signal.
  const tls = sslOptions && {
    sslOptions: {
      ...sslOptions,
      // Never one that is aborted already: Node.js 26.10 connects such a socket all the same, without its TLS, and aborts
      // the whole process when the server answers (`Assertion failed: onread->IsFunction()`).
      get signal() {
        if (hasEnded) return AbortSignal.timeout(0)
        const controller = new AbortController()
        const { signal } = controller
        controllers.set(signal, controller)
        signals = [...signals.filter((one) => one.deref() !== undefined), new WeakRef(signal)]
        return signal
      },
    },
  }
  const client = new Client({ ...options, ...tls })
  const shutdown = client.shutdown.bind(client)
  const endSockets = () => {
    hasEnded = true
    for (const signal of signals.map((one) => one.deref()))
      if (signal !== undefined) controllers.get(signal)?.abort()
  }
  return Object.assign(client, { shutdown: () => shutdown().finally(endSockets) })
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

/**
 * Every setting that differs from the driver's default, with what goes wrong at the default.
 * @see https://docs.datastax.com/en/developer/nodejs-driver/latest/api/type.ClientOptions/ and lib/client-options.js (4.10)
 */
const clientOptions = (
  config: Config,
  contactPoints: string[],
  names: Map<string, string[]>,
  tls: ConnectionOptions | undefined,
  logins: Logins,
): ClientOptions => ({
  contactPoints,
  // Default none: user and password, as plain text, which TLS is for.
  authProvider: logins,
  // Default none, and with `{}` or `{ ca }` alone: encrypted, with whoever answers.
  ...(tls && { sslOptions: tls }),
  protocolOptions: {
    // Default 9042: the driver dials every peer on this port, whatever ports the contact points have. With another
    // port in the URLs it would use one member and hold the others for down, without an error.
    port: config.COMPOSE_SCYLLA_URL[0]?.port ?? 9042,
    // Default 10: what a member that is down knows of the schema never agrees, so that every CREATE takes as long.
    maxSchemaAgreementWaitSeconds: 2,
  },
  policies: {
    // Default: dials what a member says of itself, which in a container or behind a router may lead nowhere.
    addressResolution: new AddressesOfConfig(config, names),
    // Default: throws without a localDataCenter.
    loadBalancing: new LocalDataCenter(config, contactPoints),
    // Default: exponential from 1 s to 10 min (lib/policies/index.js), so a member that returns may stay unused for minutes.
    reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 500, false),
    // Default: rethrows most read and write timeouts.
    retry: new RetryInTime(),
  },
  queryOptions: {
    // Default LOCAL_ONE: a read may miss what was just written. Both ways at LOCAL_QUORUM, reads see every
    // acknowledged write and one of three members may be down.
    consistency: types.consistencies.localQuorum,
    // Default false: then numbers travel as doubles ("Target data type could not be guessed") and no token routes.
    prepare: true,
    // Default false: then no write is retried after a timeout, and nothing that a member left unanswered. Every
    // statement of this stop may be repeated: reads, and an INSERT whose UUID is made before the first attempt.
    isIdempotent: true,
  },
  socketOptions: {
    // Default 5000: an unreachable member holds up the start by that, and when it returns, the next attempt.
    connectTimeout: 1000,
    // Default 12,000. Just above the 1000 ms at which the members of a local cluster give up on each other, so the
    // member's own answer ("1 of 2 replicas") comes first, and two tries fit into the 3.5 s a request may take.
    readTimeout: 1200,
    // Default 64: a connection with more statements that timed out is closed, and what else is under way on it fails. With
    // one of three members paused, that hits those that are well and only wait for it (measured: 132 of 32 clients' requests
    // failed). A connection that is really dead is found by its heartbeat where it is idle, or replaced with all others.
    defunctReadTimeoutThreshold: 10_000,
  },
  // Default 30,000: a connection that was cut without a word is found only after that.
  pooling: { heartBeatInterval: 2000 },
})
