import { certificateFile, keyOf, nearest, privateKeyFile, serverOf, serverUrls } from 'connection'
import { listenVariables, readEnvironment } from 'server'
import * as z from 'zod'

/** MySQL's own names for how much of the server's certificate is verified, as in every MySQL client's URL. */
const sslModes = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const

const serverUrl = serverUrls({
  schemes: ['mysql'],
  defaultPort: 3306,
  options: ['ssl-mode'],
  example: 'mysql://user:password@host:3306/compose',
}).transform((urls, context) => {
  const [url] = urls
  if (url === undefined || urls.length > 1) {
    context.addIssue({ code: 'custom', message: 'names several servers. Give one URL' })
    return z.NEVER
  }
  const mode = url.options.get('ssl-mode')?.toUpperCase() ?? 'VERIFY_IDENTITY'
  const sslMode = sslModes.find((known) => known === mode)
  if (sslMode === undefined) {
    const meant = nearest(mode, sslModes)
    const perhaps = meant === undefined ? '' : `; perhaps ${meant} is meant`
    context.addIssue({
      code: 'custom',
      message: `ssl-mode=${mode} is not known${perhaps}. Use one of ${sslModes.join(', ')}`,
    })
  }
  if (url.path === '')
    context.addIssue({
      code: 'custom',
      message: 'names no database. Append one, as in mysql://…@host:3306/compose',
    })
  return { ...url, database: url.path, sslMode: sslMode ?? 'VERIFY_IDENTITY' }
})

const variables = z.object({
  ...listenVariables(8082),
  /** The server, and the database to log in to; the words live in the database grand_tour beside it. */
  COMPOSE_MYSQL_URL: serverUrl,
  /** The certificate authority; without it, those that Node.js trusts. */
  PATH_TO_MYSQL_CERT: certificateFile().optional(),
  /** A client certificate and its key, where the server asks for one. */
  PATH_TO_MYSQL_CLIENT_CERT: certificateFile().optional(),
  PATH_TO_MYSQL_CLIENT_KEY: privateKeyFile().optional(),
  /**
   * Connections that requests share. The server has 151 (max_connections) for everybody, unless told otherwise. Not one
   * alone: the driver closes idle connections only where it may keep fewer than all.
   */
  COMPOSE_MYSQL_POOL_SIZE: z
    .string()
    .regex(/^(?:[2-9]|[1-9]\d|100)$/, 'must be a whole number from 2 to 100')
    .default('10')
    .transform(Number),
  /** Whether words that are added at the same time share a statement: on or off. */
  SHARE_WRITES: z.stringbool('must be on or off').default(true),
})

/** A client certificate and its key are of use only together. */
const together = [['PATH_TO_MYSQL_CLIENT_CERT', 'PATH_TO_MYSQL_CLIENT_KEY']] as const
const withPair = variables.refine(...keyOf('PATH_TO_MYSQL_CLIENT_KEY', 'PATH_TO_MYSQL_CLIENT_CERT'))

/**
 * The environment, typed.
 * @throws ConfigError that names every wrong variable at once
 */
export const readConfig = (environment: NodeJS.ProcessEnv) => readEnvironment(withPair, environment, together)

export type Config = ReturnType<typeof readConfig>

/** host:port, as the URL names it. */
export const serversOf = ({ COMPOSE_MYSQL_URL }: Config): string[] => [serverOf(COMPOSE_MYSQL_URL)]
