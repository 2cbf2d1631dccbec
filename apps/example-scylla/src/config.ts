import { certificateFile, keyOf, privateKeyFile, serverOf, serverUrls } from 'connection'
import { listenVariables, readEnvironment } from 'server'
import * as z from 'zod'

/** An address a member advertises → the address to dial, from COMPOSE_SCYLLA_MAPS. */
const addressMap = z.string().transform((text, context): ReadonlyMap<string, string> => {
  const address = z.string().regex(/^.+:\d{1,5}$/)
  try {
    return new Map(Object.entries(z.record(address, address).parse(JSON.parse(text))))
  } catch {
    const message =
      'is not a JSON object of addresses. It looks like {"10.82.25.133:9042": "portal7.example.com:15678"}'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})

/** One URL per member, comma-separated; every member may have its own port. */
const memberUrls = serverUrls({
  schemes: ['https', 'http'],
  defaultPort: 9042,
  example: 'https://user:password@host1:port1,https://user:password@host2:port2 (http:// for no TLS)',
}).refine(
  (urls) =>
    new Set(urls.map(({ scheme, user, password }) => JSON.stringify([scheme, user, password]))).size <= 1,
  'the URLs differ in scheme, user or password. Use the same in all of them',
)

const variables = z.object({
  ...listenVariables(8081),
  COMPOSE_SCYLLA_URL: memberUrls,
  /** The certificate authority; without it, those that Node.js trusts. */
  PATH_TO_SCYLLA_CERT: certificateFile().optional(),
  /** A client certificate and its key, where the cluster asks for one. */
  PATH_TO_SCYLLA_CLIENT_CERT: certificateFile().optional(),
  PATH_TO_SCYLLA_CLIENT_KEY: privateKeyFile().optional(),
  COMPOSE_SCYLLA_MAPS: addressMap.optional(),
  /** The data centre to send requests to; without it, that of the members named in the URL. */
  COMPOSE_SCYLLA_DATACENTER: z.string().optional(),
  /** The replication factor of a keyspace that this stop creates; without it, derived from the cluster. */
  COMPOSE_SCYLLA_REPLICATION_FACTOR: z
    .string()
    .regex(/^[1-9]$/, 'must be a whole number from 1 to 9')
    .transform(Number)
    .optional(),
})

/** A client certificate and its key are of use only together. */
const together = [['PATH_TO_SCYLLA_CLIENT_CERT', 'PATH_TO_SCYLLA_CLIENT_KEY']] as const
const withPair = variables.refine(...keyOf('PATH_TO_SCYLLA_CLIENT_KEY', 'PATH_TO_SCYLLA_CLIENT_CERT'))

/**
 * The environment, typed.
 * @throws ConfigError that names every wrong variable at once
 */
export const readConfig = ({ COMPOSE_SCYLLA_URLS, ...environment }: NodeJS.ProcessEnv) => {
  // The Node.js version of the tour calls it COMPOSE_SCYLLA_URLS. A fault is told of the name that was used.
  const isOther = Boolean(!environment.COMPOSE_SCYLLA_URL && COMPOSE_SCYLLA_URLS)
  const urlVariable = isOther ? 'COMPOSE_SCYLLA_URLS' : 'COMPOSE_SCYLLA_URL'
  const COMPOSE_SCYLLA_URL = isOther ? COMPOSE_SCYLLA_URLS : environment.COMPOSE_SCYLLA_URL
  const given = { ...environment, COMPOSE_SCYLLA_URL }
  const config = readEnvironment(withPair, given, together, { COMPOSE_SCYLLA_URL: urlVariable })
  return { ...config, urlVariable }
}

export type Config = ReturnType<typeof readConfig>

/** host:port of each member, as the URL names it. */
export const serversOf = (config: Config): string[] => config.COMPOSE_SCYLLA_URL.map(serverOf)
