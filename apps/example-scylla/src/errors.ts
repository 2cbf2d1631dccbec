import { errors } from 'cassandra-driver'
import { explainNetwork, type FaultAt, SchemaFault, sentence } from 'connection'
import { Unavailable } from 'server'
import { type Config, serversOf } from './config.ts'
import { hadNoConnection, isUnsent } from './policies.ts'
import { explainLogin, explainResponse } from './responses.ts'

/** A port that took the connection, and TLS where that is spoken, but did not answer CQL. */
export class NoCql extends Error {}

/** An error in words, for the log, the report, /readyz and the page. What the driver alone knows stays in the log. */
export const faultOf =
  (config: Config) =>
  (error: unknown, server: string | null = null): FaultAt =>
    joined(explain(error, config, server)) ?? {
      origin: error instanceof errors.ResponseError ? 'the cluster' : 'the stop',
      problem: `an error that has no explanation here: ${(error as Error)?.message ?? error}`,
      remedy: 'Look for it in the documentation of the cluster, or report it.',
    }

/** The answer a request gets for an error of the database: 503, or the error itself, which becomes a 500. */
export const refusal =
  (config: Config) =>
  (error: unknown): Error => {
    const fault = joined(explain(error, config, null))
    return fault === undefined
      ? (error as Error)
      : new Unavailable(sentence(fault), { cause: error, sent: !isUnsent(error) })
  }

/** Every fault of every member that was tried: the driver's own message shows the first and hides the rest in `innerErrors`. */
const explain = (error: unknown, config: Config, server: string | null): FaultAt[] => {
  if (error instanceof errors.NoHostAvailableError) {
    // The driver tries them in another order each time: the same faults are to make the same sentence.
    const tried = Object.entries(error.innerErrors ?? {}).toSorted(([a], [b]) => a.localeCompare(b))
    const each = tried.map(([endpoint, inner]) => {
      const down = notConnected(config, endpoint)
      // For a member that is marked as down already, the driver gives a string.
      return (typeof inner === 'object' ? explainOne(inner, config, endpoint) : undefined) ?? down
    })
    return each.length > 0 ? each : [{ ...notConnected(config, ''), problem: 'no member is connected' }]
  }
  const each =
    error instanceof AggregateError && server === null
      ? // The members of the URL, in its order.
        error.errors.map((inner, index) => explainOne(inner, config, serversOf(config)[index] ?? null))
      : [explainOne(error, config, server)]
  return each.filter((one) => one !== undefined)
}

/** Several faults as one: the same sentence once, at the step that the first of them reached. */
const joined = (faults: readonly FaultAt[]): FaultAt | undefined => {
  const [first, ...others] = [...new Map(faults.map((one) => [sentence(one), one])).values()]
  if (first === undefined || others.length === 0) return first
  const remedy = [first.remedy, ...others.map(sentence)].join(' ')
  return { ...first, remedy }
}

/** One error of the driver, or of the way to `endpoint`; undefined for one that is not of the connection. */
const explainOne = (error: unknown, config: Config, endpoint: string | null): FaultAt | undefined => {
  if (error instanceof SchemaFault) return { step: 'schema', ...error.fault }
  const { urlVariable: origin, COMPOSE_SCYLLA_URL: servers } = config
  const server = endpoint ?? serversOf(config).join(', ')
  const network = explainNetwork(error, {
    variable: origin,
    host: server.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''),
    port: Number(server.replace(/^.*:/, '')),
    authorityVariable: 'PATH_TO_SCYLLA_CERT',
    authorityFile: config.PATH_TO_SCYLLA_CERT?.path,
  })
  if (network !== undefined) return network
  const { message = '', isSocketError = false } = (error ?? {}) as Partial<Error & { isSocketError: boolean }>
  if (error instanceof errors.AuthenticationError)
    return { step: 'login', origin, ...explainLogin(message, server, servers[0]?.user ?? '') }
  if (error instanceof NoCql) {
    const isPlain = servers[0]?.scheme === 'http'
    return {
      step: 'login',
      origin,
      problem: `${server} ${isPlain ? 'takes the connection but answers no CQL' : 'speaks TLS but answers no CQL'}`,
      remedy: `It is no CQL port${isPlain ? ', or wants TLS (https://)' : ''}, or the server is paused, cut off or just starting.`,
    }
  }
  if (error instanceof errors.OperationTimedOutError)
    return {
      step: 'read and write',
      origin,
      problem: `${error.host ?? server} did not answer in time`,
      remedy: 'It is overloaded, paused or cut off.',
    }
  if (error instanceof errors.BusyConnectionError)
    return {
      step: 'read and write',
      origin,
      problem: `all connections to ${server} are busy`,
      remedy: 'Try again.',
    }
  const dataCenters = /(?:found hosts in data centers|Available DCs are): \[([^\]]*)\]/.exec(message)?.[1]
  if (dataCenters !== undefined)
    return {
      step: 'schema',
      origin: 'COMPOSE_SCYLLA_DATACENTER',
      problem: `the cluster has no data centre ${config.COMPOSE_SCYLLA_DATACENTER}`,
      remedy: `Set it to ${dataCenters.split(/,\s*/).join(' or ')}, or leave it out.`,
    }
  if (error instanceof errors.ResponseError) return explainResponse(error, config)
  // The driver has no class of its own for a connection that is closed or that never came about.
  if (isSocketError || hadNoConnection(error) || /Connection timeout|Connection closed/.test(message))
    return notConnected(config, server)
  return undefined
}

const notConnected = ({ urlVariable }: Config, server: string): FaultAt => ({
  step: 'port',
  origin: urlVariable,
  problem: `${server} is not connected`,
  remedy: 'It is down, restarting or cut off.',
})

/** Whether a member let the time pass, and none answered anything at all. */
export const isSilence = (error: unknown): boolean => {
  const each = causesOf(error)
  return each.some(isLate) && !each.some((one) => one instanceof errors.ResponseError)
}

/** What each member that was asked, or reached for, ended in. */
const causesOf = (error: unknown): unknown[] => {
  if (error instanceof errors.NoHostAvailableError) return Object.values(error.innerErrors ?? {})
  return error instanceof AggregateError ? error.errors : [error]
}

/** By the driver's deadline, or by ours where it has none. */
const isLate = (error: unknown): boolean =>
  error instanceof errors.OperationTimedOutError ||
  (error as { code?: string } | undefined)?.code === 'ETIMEDOUT'
