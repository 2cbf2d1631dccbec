import type { Lease } from './lease.ts'
import type { Kind } from './settings.ts'

/** Per kind, the variables that name a database: any of the first list says that there is one. */
const variables = {
  scylla: {
    urls: ['COMPOSE_SCYLLA_URL', 'COMPOSE_SCYLLA_URLS'],
    more: ['PATH_TO_SCYLLA_CERT', 'COMPOSE_SCYLLA_MAPS'],
  },
  mysql: { urls: ['COMPOSE_MYSQL_URL'], more: ['PATH_TO_MYSQL_CERT'] },
}

/** The database that the environment names, or undefined when it names none. An empty string is not set. */
export const givenDatabase = (kind: Kind, environment: NodeJS.ProcessEnv): Lease | undefined => {
  const { urls, more } = variables[kind]
  const url = urls.map((name) => environment[name]).find((value) => value)
  if (url === undefined) return undefined
  const env: Record<string, string> = {}
  for (const name of [...urls, ...more]) {
    const value = environment[name]
    if (value) env[name] = value
  }
  return {
    way: 'given',
    env,
    admin: undefined,
    members: url.split(',').flatMap((one) => {
      const parsed = URL.parse(one.trim())
      const defaultPort = kind === 'mysql' ? 3306 : 9042
      return parsed
        ? [{ name: parsed.host, host: parsed.hostname, port: Number(parsed.port) || defaultPort }]
        : []
    }),
    control: async () => {
      throw new Error(`${urls[0]} is set: that database is not ours to stop or start.`)
    },
    release: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
