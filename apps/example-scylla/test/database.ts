import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, policies, types } from 'cassandra-driver'
import { type LeaseOptions, lease } from 'local-databases'

// The driver insists on an instance of this class, which its type declaration gives as an interface.
const { AddressTranslator } = policies.addressResolution as unknown as {
  AddressTranslator: new () => policies.addressResolution.AddressTranslator
}

/** Asks again what members did not answer in their second, so that a machine that stalls fails no test by its preparation. */
class Patience extends policies.retry.RetryPolicy {
  override onReadTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry)
  }
  override onWriteTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry)
  }

  #again(nbRetry: number) {
    return nbRetry < 5 ? this.retryResult(undefined as unknown as number, true) : this.rethrowResult()
  }
}

/** Where members that run in containers are dialled: not at what they say of themselves, but as COMPOSE_SCYLLA_MAPS has it. */
class Mapped extends AddressTranslator {
  readonly #maps: [string, string][]

  constructor(maps = '{}') {
    super()
    this.#maps = Object.entries(JSON.parse(maps))
  }

  override translate(address: string, port: number, callback: (endpoint: string) => void): void {
    const [, mapped] = this.#maps.find(([advertised]) => advertised.startsWith(`${address}:`)) ?? []
    callback(mapped ?? `${address}:${port}`)
  }
}

/** A cluster in a folder of its own, and a client of its administrator to look at it from outside of the stop. */
export const freshCluster = async (options: LeaseOptions = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-tour-cql-'))
  const database = await lease('scylla', { ...options, directory })
  const urls = (database.admin ?? '').split(',').map((url) => new URL(url))
  const admin = new Client({
    contactPoints: urls.map(({ host }) => host),
    localDataCenter: 'datacenter1',
    protocolOptions: { port: Number(urls[0]?.port) },
    credentials: { username: urls[0]?.username ?? '', password: urls[0]?.password ?? '' },
    // At LOCAL_ONE, what it writes under load may not be read at LOCAL_QUORUM.
    // Idempotent, or the driver asks no policy about a write that came too late.
    queryOptions: { prepare: true, consistency: types.consistencies.localQuorum, isIdempotent: true },
    // Default: up to 10 minutes, by a timer that outlives shutdown() and keeps Jest from ending.
    policies: {
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(500),
      retry: new Patience(),
      addressResolution: new Mapped(database.env.COMPOSE_SCYLLA_MAPS),
    },
    ...(options.tls !== false && {
      // The tests' own look at servers whose certificates are wrong on purpose.
      sslOptions: {
        ca: await readFile(database.env.PATH_TO_SCYLLA_CERT ?? ''),
        rejectUnauthorized: options.certificate === undefined,
      },
    }),
  })
  await admin.connect()
  return {
    ...database,
    directory,
    admin,
    release: async () => {
      await admin.shutdown()
      // An orderly end takes seconds, and nobody will read this folder again.
      await Promise.allSettled(database.members.map((_, index) => database.control(index, 'kill')))
      await database.release()
      await rm(directory, { recursive: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof freshCluster>>

/** The rows of one statement, as plain objects; none for a statement that gives no rows. */
export const rowsOf = async (client: Client, cql: string, values: unknown[] = [], options = {}) => {
  // A look may be repeated elsewhere: the member it asked may be one that a test has just killed.
  const isIdempotent = cql.startsWith('SELECT')
  const { rows } = await client.execute(cql, values, { readTimeout: 20_000, isIdempotent, ...options })
  return (rows ?? []).map((row: types.Row) =>
    Object.fromEntries(row.keys().map((key) => [key, row.get(key)])),
  )
}
