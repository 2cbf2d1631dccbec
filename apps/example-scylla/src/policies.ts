import { setTimeout as wait } from 'node:timers/promises'
import {
  type ArrayOrObject,
  type Client,
  type EmptyCallback,
  errors,
  type HostMap,
  policies,
  type QueryOptions,
  types,
} from 'cassandra-driver'
import { resolveName } from 'connection'
import type { Config } from './config.ts'
import { asContactPoint, hostOf, learnName } from './contact-points.ts'

/**
 * Sends requests to the data centre that the configuration names, or else to that of the first contact point: driver 4
 * refuses to start without one, and nobody should have to know it to say hello. Of the first, because the driver shuffles
 * its hosts, and of two processes in two data centres the one does not read at once what the other has written.
 */
export class LocalDataCenter extends policies.loadBalancing.DefaultLoadBalancingPolicy {
  readonly #configured: string | undefined
  readonly #contactPoints: readonly string[]

  /** @param contactPoints in the order of the URL; looked at when the client connects */
  constructor(config: Config, contactPoints: readonly string[]) {
    super()
    this.#configured = config.COMPOSE_SCYLLA_DATACENTER
    this.#contactPoints = contactPoints
  }

  override init(client: Client, hosts: HostMap, callback: EmptyCallback): void {
    const known = hosts.values()
    const byPoint = new Map(known.map((host) => [asContactPoint(host.address), host]))
    const contact = this.#contactPoints.map((point) => byPoint.get(point)).find((host) => host !== undefined)
    // The driver reads the property `localDc`, which its type declaration leaves out.
    Object.assign(this, { localDc: this.#configured ?? (contact ?? known[0])?.datacenter })
    super.init(client, hosts, callback)
  }
}

/** The declared type leaves out the options of a client. */
const policiesOf = (client: Client) =>
  (client as unknown as { options: { policies: Policies } }).options.policies
type Policies = { loadBalancing: { localDc: string }; addressResolution: AddressesOfConfig }

/** The data centre that requests go to. */
export const localDataCenterOf = (client: Client): string => policiesOf(client).loadBalancing.localDc

/**
 * Sends a request that failed again, because a second answer costs nothing: every statement of this stop is idempotent. The
 * driver's default rethrows most timeouts.
 *
 * First to the next member. Then, where a member did answer and lacked others, to the same one: when one of three was
 * killed, there is no third, and those left may ask the dead one until their first time-outs have told them. Two tries of
 * `readTimeout` fit into the time that a request may take; more are for those that ended sooner, such as by a broken
 * socket. A request whose own time is over is told 503, however many tries are left.
 */
export class RetryInTime extends policies.retry.RetryPolicy {
  override onReadTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry, nbRetry > 0)
  }
  override onWriteTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry, nbRetry > 0)
  }
  override onUnavailable({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry, false)
  }
  override onRequestError({ nbRetry }: policies.retry.OperationInfo) {
    return this.#again(nbRetry, false)
  }

  #again(nbRetry: number, onSameHost: boolean) {
    // The declared type wants a consistency level; undefined, which keeps the statement's own, is documented.
    const consistency = undefined as unknown as number
    return nbRetry < 3 ? this.retryResult(consistency, onSameHost) : this.rethrowResult()
  }
}

/**
 * Runs a prepared statement; for a second again where the driver asks no policy. A replica failed: one that has just come
 * back may not know a table yet that was made while it was away. Or the statement was to be prepared by a member that was
 * up and had no connection at that moment: the driver, which goes to the next member otherwise, gives up then.
 *
 * @param options with the state of the page before, where this is not the first one
 * @param earlier what an earlier try failed with, by another client
 * @throws what the last try failed with, or, where that was not sent, the last that was: a write may be
 *   stored
 */
export const execute = async (
  client: Client,
  cql: string,
  values: ArrayOrObject,
  options?: QueryOptions,
  earlier?: unknown,
) => {
  let ofSent = isUnsent(earlier) ? undefined : earlier
  for (const endAt = performance.now() + 1000; ; ) {
    try {
      return await client.execute(cql, values, options)
    } catch (error) {
      if (!isUnsent(error)) ofSent = error
      const isOfReplica = replicaFailures.includes((error as Partial<errors.ResponseError>).code ?? 0)
      if (!(isOfReplica || hadNoConnection(error)) || performance.now() > endAt) throw ofSent ?? error
      await wait(100)
    }
  }
}

/** The driver has no class of its own for a member that is up and has no connection (lib/host-connection-pool.js, 4.10). */
export const hadNoConnection = (error: unknown): boolean =>
  (error as Partial<Error> | undefined)?.message === 'No connection available'

/**
 * Whether no member was asked at all: each one was marked as down already, which the driver gives as a
 * string, or had no connection.
 */
export const isUnsent = (error: unknown): boolean =>
  error instanceof errors.NoHostAvailableError
    ? Object.values(error.innerErrors ?? {}).every(
        (inner) => typeof inner === 'string' || hadNoConnection(inner),
      )
    : hadNoConnection(error)

const { readFailure, writeFailure } = types.responseErrorCodes
const replicaFailures = [readFailure, writeFailure]

// The driver insists on an instance of this class, which its type declaration gives as an interface.
const { AddressTranslator } = policies.addressResolution as unknown as {
  AddressTranslator: new () => policies.addressResolution.AddressTranslator
}

/**
 * The address to dial for the address a member advertises: from COMPOSE_SCYLLA_MAPS; else, where the URL names the
 * member, with the port it has there; else as advertised. Contact points are dialled as they are.
 */
export class AddressesOfConfig extends AddressTranslator {
  readonly #config: Config
  readonly #names: Map<string, string[]>
  readonly #find: (host: string) => Promise<string[]>
  /** What the map leads to → what the driver dials for it. */
  readonly #dialled = new Map<string, string>()

  /** @param find the addresses of a name, none where it does not resolve */
  constructor(config: Config, names: Map<string, string[]>, find = addressesOf) {
    super()
    this.#config = config
    this.#names = names
    this.#find = find
  }

  override translate(address: string, port: number, callback: (endpoint: string) => void): void {
    const mapped = mappedAddress(this.#config, address, port)
    if (mapped !== undefined) return void this.#resolved(mapped).then(callback)
    const hosts = this.#names.get(address) ?? []
    const named = this.#config.COMPOSE_SCYLLA_URL.find(({ host }) => hosts.includes(host))
    callback(`${address}:${named?.port ?? port}`)
  }

  /**
   * The driver wants an address and a port here, IPv6 without brackets, and takes no name; the name is kept, for the
   * certificate's sake. One that does not resolve is handed on, and the member is down until it does.
   */
  async #resolved(endpoint: string): Promise<string> {
    const host = hostOf(endpoint)
    const [address = host] = await this.#find(host)
    learnName(this.#names, address, host)
    const dialled = `${address}${endpoint.slice(endpoint.lastIndexOf(':'))}`
    this.#dialled.set(endpoint, dialled)
    return dialled
  }

  /**
   * Whether a member that is down has another address by now, under a name of the map: the driver asks for addresses only
   * when it reads the list of members, and may dial the old one for as long as the others serve.
   */
  async hasMoved(isDown: (dialled: string) => boolean): Promise<boolean> {
    for (const [endpoint, dialled] of this.#dialled) {
      const found = isDown(dialled) ? await this.#find(hostOf(endpoint)) : []
      if (found.length > 0 && !found.includes(hostOf(dialled))) return true
    }
    return false
  }
}

const addressesOf = (host: string): Promise<string[]> => resolveName(host, 2000).catch(() => [])

/** Whether a client can dial a member where it is now, and does not. */
export const hasMoved = (client: Client): Promise<boolean> => {
  const { addressResolution } = policiesOf(client)
  return addressResolution.hasMoved((dialled) => client.hosts.get(dialled)?.isUp() === false)
}

/** The map's keys carry the port the member advertises; the driver asks with the port of the first URL. */
const mappedAddress = (
  { COMPOSE_SCYLLA_MAPS: maps }: Config,
  address: string,
  port: number,
): string | undefined =>
  maps?.get(asContactPoint(`${address}:${port}`)) ??
  [...(maps ?? [])].find(([key]) => hostOf(key) === address)?.[1]
