import { auth, type Client, errors } from 'cassandra-driver'
import { type Steps, serverOf } from 'connection'
import { type Contact, endpointsOf, reach, reachedOf } from './contact-points.ts'
import { NoCql } from './errors.ts'
import { readVersion } from './facts.ts'
import { strangersOf } from './strangers.ts'

/** Logs in, and remembers how that went at each member: the driver keeps it to itself. By `address:port`. */
export class Logins extends auth.PlainTextAuthProvider {
  /** How each member authenticates, by the name it gives, and the milliseconds that took. */
  readonly accepted = new Map<string, { plugin: string; ms: number }>()
  /** Why a member could not be connected the last time, and the milliseconds that took where a login was tried. */
  readonly refused = new Map<string, { error: unknown; ms: number | null }>()
  readonly #startedMs = new Map<string, number>()
  /** Those whose connection under way has said why it fails. */
  readonly #said = new Set<string>()

  override newAuthenticator(endpoint: string, plugin: string): auth.Authenticator {
    const startMs = performance.now()
    this.#startedMs.set(endpoint, startMs)
    return Object.assign(super.newAuthenticator(endpoint, plugin), {
      onAuthenticationSuccess: () => {
        this.accepted.set(endpoint, { plugin, ms: performance.now() - startMs })
        this.refused.delete(endpoint)
      },
    })
  }

  whyNot(endpoint: string): { error: unknown; ms: number | null } {
    return this.refused.get(endpoint) ?? { error: new Error('Connection timeout'), ms: null }
  }

  /**
   * The driver gives the reason of a failed connection to its log alone. With TLS 1.3 a client certificate
   * that is missing or refused shows after the handshake, and is logged twice: the alert, then a closed
   * socket.
   */
  listenTo(client: Client): void {
    client.on('log', (_level: string, _class: string, message: string, error: unknown) => {
      this.#said.delete(/^Connecting to (\S+)$/.exec(message)?.[1] ?? '')
      const endpoint = /trying to connect to the host (\S+)/.exec(message)?.[1]
      if (endpoint === undefined) return
      const { isSocketError } = error as { isSocketError?: boolean }
      const isMute = isSocketError || error instanceof errors.OperationTimedOutError
      if (isMute && this.#said.has(endpoint)) return
      if (!isMute) this.#said.add(endpoint)
      const startMs = this.#startedMs.get(endpoint)
      this.#startedMs.delete(endpoint)
      this.refused.set(endpoint, {
        error: isMute && !this.accepted.has(endpoint) ? new NoCql() : error,
        ms: startMs === undefined ? null : performance.now() - startMs,
      })
    })
  }
}

/**
 * Records the login of the members of the URL that were reached, after the driver has tried to connect to every member
 * of the cluster: what it has open is logged in.
 */
export const tellLogins = async (contact: Contact, client: Client, steps: Steps) => {
  const { names, logins } = contact
  const state = client.getState()
  const strangers = await strangersOf(contact, client)
  await Promise.all(
    reachedOf(contact).map(async (url) => {
      const server = serverOf(url)
      const endpoint = endpointsOf(url, names).find((one) => client.hosts.get(one) !== undefined)
      const host = endpoint === undefined ? undefined : client.hosts.get(endpoint)
      const faults = strangers.filter(({ server: at }) => at === server).map(({ fault }) => fault)
      if (host !== undefined && state.getOpenConnections(host) > 0) {
        const { plugin = null, ms = null } = logins.accepted.get(host.address) ?? {}
        const version = await readVersion(client, host).catch(() => null)
        const user = plugin === null ? null : url.user
        const found = { user, plugin, server: version && `${version.name} ${version.version}` }
        return steps.done('login', server, ms, { found, faults })
      }
      if (host !== undefined && !host.isUp()) {
        const { error, ms } = logins.whyNot(host.address)
        return steps.failed('login', server, ms, error)
      }
      if (faults.length > 0) return steps.done('login', server, null, { faults })
      // The driver leaves members of other data centres alone.
      return steps.skip('login', server)
    }),
  )
}

/**
 * Records the login of the members that were reached, after the driver could connect to none.
 *
 * @returns the error with all that is known of each member
 */
export const tellRefusals = (contact: Contact, error: unknown, steps: Steps): unknown => {
  const { names, logins } = contact
  let isRefused = false
  for (const url of reachedOf(contact)) {
    const server = serverOf(url)
    const endpoints = endpointsOf(url, names)
    const accepted = endpoints
      .map((endpoint) => logins.accepted.get(endpoint))
      .find((one) => one !== undefined)
    const refused = endpoints.find((endpoint) => logins.refused.has(endpoint))
    if (accepted !== undefined) {
      steps.done('login', server, accepted.ms, {
        found: { user: url.user, plugin: accepted.plugin, server: null },
      })
    } else if (refused !== undefined) {
      const { error, ms } = logins.whyNot(refused)
      steps.failed('login', server, ms, error)
      isRefused = true
    } else steps.skip('login', server)
  }
  // Logged in, and yet of no use.
  if (!isRefused) steps.failed('schema', null, null, error)
  const each = [...logins.refused].map(([endpoint, { error }]) => [endpoint, error] as const)
  return isRefused ? new errors.NoHostAvailableError(Object.fromEntries(each)) : error
}

/** Tries again the members of the URL that could not be used, and those whose member has gone or come. */
export const reachAgain = async (client: Client, contact: Contact, steps: Steps) => {
  const isDown = (endpoint: string) => client.hosts.get(endpoint)?.isUp() === false
  const { config, names, reached } = contact
  const again = config.COMPOSE_SCYLLA_URL.filter(
    (url) => !reached.has(url) || endpointsOf(url, names).some(isDown),
  )
  await Promise.allSettled(again.map((url) => reach(url, contact, steps)))
  await tellLogins(contact, client, steps)
}
