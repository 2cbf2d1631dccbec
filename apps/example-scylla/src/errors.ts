import { errors, types } from 'cassandra-driver'
import { explainNetwork } from 'connection'
import { Unavailable } from 'server'
import type { Config } from './config.ts'
import { SchemaFault } from './schema.ts'

/** This driver's errors → where it comes from, what is wrong, what to do; undefined for one that is not of the connection. */
const explainOne = (error: unknown, config: Config, endpoint?: string): string | undefined => {
  const servers = config.COMPOSE_SCYLLA_URL
  const named = servers.find(({ host, port }) => endpoint === undefined || endpoint === `${host}:${port}`)
  const host = named?.host ?? endpoint?.replace(/:\d+$/, '') ?? ''
  const port = named?.port ?? Number(endpoint?.replace(/^.*:/, ''))
  if (error instanceof SchemaFault) return error.message
  const network = explainNetwork(error, {
    variable: 'COMPOSE_SCYLLA_URL',
    host,
    port,
    authorityVariable: 'PATH_TO_SCYLLA_CERT',
    authorityFile: config.PATH_TO_SCYLLA_CERT?.path,
  })
  if (network !== undefined) return network
  if (error instanceof errors.AuthenticationError)
    return `COMPOSE_SCYLLA_URL: ${host}:${port} refused the user ${named?.user ?? servers[0]?.user} or its password. Correct them in the URL.`
  if (error instanceof errors.OperationTimedOutError)
    return `COMPOSE_SCYLLA_URL: ${error.host ?? `${host}:${port}`} did not answer in time. It is overloaded, paused or cut off.`
  if (error instanceof errors.BusyConnectionError)
    return `COMPOSE_SCYLLA_URL: all connections to ${host}:${port} are busy. Try again.`
  const { message = '' } = (error ?? {}) as Partial<Error>
  const dataCenters = /(?:found hosts in data centers|Available DCs are): \[([^\]]*)\]/.exec(message)?.[1]
  if (dataCenters !== undefined)
    return `COMPOSE_SCYLLA_DATACENTER: the cluster has no data centre ${config.COMPOSE_SCYLLA_DATACENTER}. Set it to ${dataCenters.split(',').join(' or ')}, or leave it out.`
  if (error instanceof errors.ResponseError) return explainResponse(error)
  // The driver has no class of its own for a connection that is closed or that never came about.
  if ((error as { isSocketError?: boolean } | null)?.isSocketError || /Connection timeout/.test(message))
    return `COMPOSE_SCYLLA_URL: ${host}:${port} is not connected. It is down, restarting or cut off.`
  return undefined
}

const { responseErrorCodes, consistencyToString } = types as typeof types & {
  consistencyToString: Record<number, string>
}

/** The cluster's own answers that say "not now". */
const explainResponse = (error: errors.ResponseError): string | undefined => {
  const { code, consistencies, required, alive, received, blockFor } = error as errors.ResponseError &
    Record<string, number>
  const level = consistencyToString[Number(consistencies)]
  if (code === responseErrorCodes.unavailableException)
    return `the consistency level ${level} needs ${required} replicas; alive: ${alive}. Start the members that are down.`
  if (code === responseErrorCodes.readTimeout || code === responseErrorCodes.writeTimeout)
    return `${received} of the ${blockFor} replicas that the consistency level ${level} needs answered in time. A member is down, paused or overloaded.`
  if (code === responseErrorCodes.overloaded || code === responseErrorCodes.isBootstrapping)
    return 'the member is overloaded or still starting. Try again.'
  return undefined
}

/** One line for each member that was tried: the driver's own message shows the first and hides the rest in `innerErrors`. */
const explain = (error: unknown, config: Config): string | undefined => {
  if (error instanceof errors.NoHostAvailableError) {
    const reasons = Object.entries(error.innerErrors ?? {}).map(
      // For a member that is marked as down already, the driver gives a string.
      ([endpoint, inner]: [string, unknown]) =>
        (typeof inner === 'object' ? explainOne(inner, config, endpoint) : undefined) ??
        `COMPOSE_SCYLLA_URL: ${endpoint} is not connected. It is down, restarting or cut off.`,
    )
    return (
      [...new Set(reasons)].join(' ') ||
      'COMPOSE_SCYLLA_URL: no member is connected. They are down or restarting.'
    )
  }
  if (error instanceof AggregateError) {
    // The handshakes with the members of the URL, in its order.
    const reasons = error.errors.map((inner, index) => {
      const server = config.COMPOSE_SCYLLA_URL[index]
      return explainOne(inner, config, server && `${server.host}:${server.port}`)
    })
    return [...new Set(reasons.filter((reason) => reason !== undefined))].join(' ') || undefined
  }
  return explainOne(error, config)
}

/** An error in words, for the log, /readyz and the page. What the driver alone knows stays in the log. */
export const explainer = (config: Config) => (error: unknown) =>
  explain(error, config) ?? `COMPOSE_SCYLLA_URL: the cluster refused: ${(error as Error).name}.`

/** The answer a request gets for an error of the database: 503, or the error itself, which becomes a 500. */
export const refusal =
  (config: Config) =>
  (error: unknown): Error => {
    const reason = explain(error, config)
    return reason === undefined
      ? (error as Error)
      : new Unavailable(reason, { cause: error, sent: !isUnsent(error) })
  }

/** Whether no member was asked at all: each one was marked as down already, which the driver gives as a string. */
const isUnsent = (error: unknown): boolean =>
  error instanceof errors.NoHostAvailableError &&
  Object.values(error.innerErrors ?? {}).every((inner: unknown) => typeof inner === 'string')
