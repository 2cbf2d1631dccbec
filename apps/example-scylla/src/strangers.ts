import type { Client } from 'cassandra-driver'
import { type Fault, serverOf } from 'connection'
import type { Config } from './config.ts'
import { asContactPoint, type Contact, endpointsOf, hostOf, reachedOf } from './contact-points.ts'
import { faultOf } from './errors.ts'

type ServerUrl = Config['COMPOSE_SCYLLA_URL'][number]

/**
 * Members that no URL names and that cannot be reached where they say they are: in a container or behind a router, a
 * member says an address of its own network. The driver goes on with those it has, without an error.
 *
 * @returns one fault, and the server of the URL to tell it of: one that the cluster does not know by that address
 */
export const strangersOf = async (
  contact: Contact,
  client: Client,
): Promise<{ server: string; fault: Fault }[]> => {
  const { config, names, logins, advertised } = contact
  const reached = reachedOf(contact)
  const state = client.getState()
  const named = new Set(config.COMPOSE_SCYLLA_URL.flatMap((url) => endpointsOf(url, names)))
  const strangers = client.hosts
    .values()
    .filter((host) => !host.isUp() && state.getOpenConnections(host) === 0 && !named.has(host.address))
    .sort((a, b) => a.address.localeCompare(b.address))
  if (strangers.length === 0) return []
  const isKnown = (url: ServerUrl) =>
    endpointsOf(url, names).some((one) => client.hosts.get(one) !== undefined)
  const teller = reached.find((url) => !isKnown(url)) ?? reached[0]
  if (teller === undefined) return []
  const each = strangers.map(({ address, rack }) => {
    const server = asContactPoint(address)
    const { problem } = faultOf(config)(logins.whyNot(address).error, server)
    return `the member in ${rack} says that it is at ${server}, but ${problem}`
  })
  await Promise.all(reached.filter((url) => !advertised.has(url)).map((url) => ask(url, contact)))
  const told = config.COMPOSE_SCYLLA_URL.map((url) => advertised.get(url))
  const map: Record<string, string> = Object.assign(
    Object.fromEntries(config.COMPOSE_SCYLLA_MAPS ?? []),
    ...told,
  )
  const isMapped = (address: string) => Object.keys(map).some((key) => hostOf(key) === hostOf(address))
  for (const { address } of strangers) if (!isMapped(address)) map[asContactPoint(address)] = 'HOST:PORT'
  const fault = {
    origin: 'COMPOSE_SCYLLA_MAPS',
    problem: each.join('; '),
    remedy: `Start it, or, if its address is of another network, set COMPOSE_SCYLLA_MAPS to ${JSON.stringify(map)}: what a member says, and what to dial instead.`,
  }
  return [{ server: serverOf(teller), fault }]
}

/** Asks a member of the URL what it says of itself, and keeps its answer; without one it is asked again. */
const ask = async (url: ServerUrl, { names, clientOf, advertised }: Contact) => {
  const answers = await Promise.allSettled(
    endpointsOf(url, names).map(async (endpoint) => {
      const contactPoint = asContactPoint(endpoint)
      const client = clientOf([contactPoint])
      try {
        await client.connect()
        const local = (await client.execute("SELECT * FROM system.local WHERE key = 'local'")).first()
        const said = asContactPoint(`${local.rpc_address}:${local.rpc_port ?? url.port}`)
        return said === contactPoint ? [] : [[said, serverOf(url)] as const]
      } finally {
        await client.shutdown()
      }
    }),
  )
  const told = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value)
  if (told.length > 0) advertised.set(url, Object.fromEntries(told.flat()))
}
