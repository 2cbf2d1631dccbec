import { lookup } from 'node:dns/promises'
import { type Client, type EmptyCallback, errors, type HostMap, policies } from 'cassandra-driver'
import type { Config } from './config.ts'

/**
 * Sends requests to the data centre that the configuration names, or else to that of the members in the URL: driver 4
 * refuses to start without one, and nobody should have to know it to say hello.
 */
export class LocalDataCenter extends policies.loadBalancing.DefaultLoadBalancingPolicy {
  readonly #contactAddresses: Map<string, string[]>
  readonly #configured: string | undefined

  constructor(config: Config, names: Map<string, string[]>) {
    super()
    this.#contactAddresses = names
    this.#configured = config.COMPOSE_SCYLLA_DATACENTER
  }

  override init(client: Client, hosts: HostMap, callback: EmptyCallback): void {
    const known = hosts.values()
    const contact = known.find(({ address }) => this.#contactAddresses.has(address.replace(/:\d+$/, '')))
    // The driver reads the property `localDc`, which its type declaration leaves out.
    Object.assign(this, { localDc: this.#configured ?? (contact ?? known[0])?.datacenter })
    super.init(client, hosts, callback)
  }
}

/**
 * Sends a request that a member could not answer once to the next member, where a second answer costs nothing: every
 * statement of this stop is idempotent. The driver's default rethrows most timeouts. Two tries of `readTimeout` fit
 * into the time a request may take; an answer "unavailable" or a broken socket comes at once, so one more does too.
 */
export class RetryOnNextHost extends policies.retry.RetryPolicy {
  override onReadTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#nextHost(nbRetry < 1)
  }
  override onWriteTimeout({ nbRetry }: policies.retry.OperationInfo) {
    return this.#nextHost(nbRetry < 1)
  }
  override onUnavailable({ nbRetry }: policies.retry.OperationInfo) {
    return this.#nextHost(nbRetry < 2)
  }
  override onRequestError({ nbRetry }: policies.retry.OperationInfo, _: number, error: Error) {
    return this.#nextHost(nbRetry < (error instanceof errors.OperationTimedOutError ? 1 : 2))
  }

  #nextHost(again: boolean) {
    // The declared type wants a consistency level; undefined, which keeps the statement's own, is documented.
    return again ? this.retryResult(undefined as unknown as number, false) : this.rethrowResult()
  }
}

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

  constructor(config: Config, names: Map<string, string[]>) {
    super()
    this.#config = config
    this.#names = names
  }

  override translate(address: string, port: number, callback: (endpoint: string) => void): void {
    const mapped = mappedAddress(this.#config, address, port)
    if (mapped !== undefined) return void resolved(mapped, this.#names).then(callback)
    const hosts = this.#names.get(address) ?? []
    const named = this.#config.COMPOSE_SCYLLA_URL.find(({ host }) => hosts.includes(host))
    callback(`${address}:${named?.port ?? port}`)
  }
}

/** The map's keys carry the port the member advertises; the driver asks with the port of the first URL. */
const mappedAddress = (
  { COMPOSE_SCYLLA_MAPS: maps }: Config,
  address: string,
  port: number,
): string | undefined =>
  maps?.get(`${address}:${port}`) ?? [...(maps ?? [])].find(([key]) => key.startsWith(`${address}:`))?.[1]

/**
 * The driver wants an address and a port here, and takes no name; the name is kept, for the certificate's sake. One
 * that does not resolve is handed on, and the member is down until the next attempt.
 */
const resolved = async (endpoint: string, names: Map<string, string[]>): Promise<string> => {
  const colon = endpoint.lastIndexOf(':')
  const host = endpoint.slice(0, colon)
  const { address } = await lookup(host).catch(() => ({ address: host }))
  const known = names.get(address) ?? []
  if (!known.includes(host)) names.set(address, [...known, host])
  return `${address}${endpoint.slice(colon)}`
}
