import type { ConnectionOptions } from 'node:tls'
import type { Client } from 'cassandra-driver'
import {
  expiryWarning,
  notEncrypted,
  openSocket,
  probeTls,
  resolveName,
  type Steps,
  serverOf,
} from 'connection'
import type { Config } from './config.ts'
import type { Logins } from './logins.ts'

type ServerUrl = Config['COMPOSE_SCYLLA_URL'][number]

/** What the driver and our own look at the members of the URL share. */
export type Contact = {
  config: Config
  /** Address → the names that lead there, for the certificate's sake. */
  names: Map<string, string[]>
  /** undefined: no TLS. */
  tls: ConnectionOptions | undefined
  logins: Logins
  /** Those that could be reached, and have a certificate that holds. */
  reached: Set<ServerUrl>
  /** A client of the driver, not connected yet, that starts with these members. */
  clientOf: (contactPoints: string[]) => Client
  /** Of each that has answered: what it says of itself → where the URL has it, where the two differ. */
  advertised: Map<ServerUrl, Record<string, string>>
}

/**
 * Goes name, port and certificate of one member of the URL.
 *
 * The handshake is one of our own: it says in words why a certificate is refused, and what was agreed on, which the
 * driver does not tell.
 */
export const reach = async (url: ServerUrl, contact: Contact, steps: Steps): Promise<void> => {
  const { config, names, tls, reached } = contact
  const { host, port } = url
  reached.delete(url)
  const server = serverOf(url)
  const addresses = await steps.run(
    'name',
    server,
    () => resolveName(host, 2000),
    (addresses) => ({ found: { addresses } }),
  )
  for (const address of addresses) learnName(names, address, host)
  const socket = await steps.run(
    'port',
    server,
    () => openSocket(host, port, 1500),
    ({ remoteAddress = '' }) => ({ found: { address: remoteAddress, port } }),
  )
  if (tls === undefined) {
    socket.destroy()
    steps.done('certificate', server, null, noTls(config))
    reached.add(url)
    return
  }
  await steps.run(
    'certificate',
    server,
    () => probeTls(socket, { ...tls, host }, 2000),
    (found) => ({ found, faults: expiryWarning(found, config.urlVariable) }),
  )
  reached.add(url)
}

/** The members that could be reached, in the order of the URL and not in that of their answers. */
export const reachedOf = ({ config, reached }: Contact): ServerUrl[] =>
  config.COMPOSE_SCYLLA_URL.filter((url) => reached.has(url))

/** How many members the URL names: names that lead to the same address and port are one. */
export const countNamed = ({ COMPOSE_SCYLLA_URL: urls }: Config, names: Map<string, string[]>): number => {
  let count = 0
  let known = new Set<string>()
  for (const url of urls) {
    const own = new Set([serverOf(url), ...endpointsOf(url, names)])
    if (own.isDisjointFrom(known)) count++
    known = known.union(own)
  }
  return count
}

/** Notes that a name leads to an address, once. */
export const learnName = (names: Map<string, string[]>, address: string, name: string) => {
  const known = names.get(address) ?? []
  if (!known.includes(name)) names.set(address, [...known, name])
}

const noTls = ({ urlVariable }: Config) => ({
  found: notEncrypted,
  faults: [
    {
      origin: urlVariable,
      problem: 'http:// means no TLS: the password and all words travel readable',
      remedy: 'Use https:// to encrypt and verify.',
    },
  ],
})

/** The driver names an IPv6 endpoint without brackets, but wants its contact points with them, as URLs have them. */
export const asContactPoint = (endpoint: string): string => endpoint.replace(/^([^[].*:.*):(\d+)$/, '[$1]:$2')

/** The host of an endpoint, an IPv6 address without its brackets. */
export const hostOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')

/** Where the driver dials a member of the URL. */
export const endpointsOf = ({ host, port }: ServerUrl, names: Map<string, string[]>): string[] =>
  [...names].filter(([, hosts]) => hosts.includes(host)).map(([address]) => `${address}:${port}`)
