import { nearest } from 'connection'
import * as z from 'zod'
import { detailLevels } from './local-requests.ts'
import { levels } from './logger.ts'

/** An environment that cannot work: its message has a line for every wrong variable, with what would be right. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * The variables that every stop has: where to listen, with how many processes, and how much to log.
 *
 * @param defaultPort the TCP port when PORT is not set
 */
export const listenVariables = (defaultPort: number) => ({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portRule)
    .transform(Number)
    .refine((port) => port <= 65_535, portRule)
    .default(defaultPort),
  HOST: z.string().default('127.0.0.1'),
  /** Who may see addresses and the user at /connection: requests from this machine, everyone or nobody. */
  CONNECTION_DETAILS: z.enum(detailLevels, `must be one of ${detailLevels.join(', ')}`).default('local'),
  /** Whether lists that are asked for at the same time share a query: on or off. */
  SHARE_READS: z.stringbool('must be on or off').default(true),
  /** How many processes serve, where the machine has processors for them; they share the port. */
  WORKERS: z
    .string()
    .regex(/^(?:[1-9]|[1-5]\d|6[0-4])$/, 'must be a whole number from 1 to 64')
    .transform(Number)
    .default(1),
  LOG_LEVEL: z.enum(levels, `must be one of ${levels.join(', ')}`).default('info'),
})

const portRule = 'must be a port number, 0 to 65535 (0: any free port)'

/**
 * The configuration that `schema` makes of the environment; an empty variable counts as one that is not set.
 *
 * @param together pairs of variables that make sense only together
 * @param called what the environment calls a variable that has another name in `schema`, for the messages
 * @throws {@link ConfigError} that names every wrong variable at once, those included that nobody would read because
 *   their names are misspelt, and repeats no value: it may be a password
 */
export const readEnvironment = <Schema extends z.ZodObject>(
  schema: Schema,
  env: Record<string, string | undefined>,
  together: readonly (readonly [string, string])[] = [],
  called: Readonly<Record<string, string>> = {},
): z.output<Schema> => {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const result = schema.safeParse(set, {
    error: (issue) => (issue.input === undefined ? 'is not set' : undefined),
  })
  const alone = together
    .filter(([one, other]) => one in set !== other in set)
    .map(
      ([one, other]) =>
        `${one in set ? other : one}: goes with ${one in set ? one : other}. Set both or neither`,
    )
  const misspelt = Object.keys(set).flatMap((name) => unknownName(name, Object.keys(schema.shape), set))
  if (result.success && alone.length + misspelt.length === 0) return result.data
  const lines = (result.error?.issues ?? []).map(
    ({ path: [name = 'environment'], message }) => `${called[String(name)] ?? String(name)}: ${message}`,
  )
  throw new ConfigError([...lines, ...alone, ...misspelt].join('\n'))
}

/** A fault where the name is not known, but looks like one that is: same beginning, or one or two letters off. */
const unknownName = (name: string, known: readonly string[], set: object): string[] => {
  if (known.includes(name)) return []
  const family = /^(?:COMPOSE|PATH_TO)_[A-Z]+_/.exec(name)?.[0] ?? ''
  const inFamily = family === '' ? [] : known.filter((one) => one.startsWith(family)) // PATH is in none
  const relatives = inFamily.map((one) => one.slice(family.length))
  const meant = nearest(name.slice(family.length), relatives)
  // Short names such as PORT are like too many others.
  const long = known.filter((one) => one.length > 8)
  const like = meant === undefined ? nearest(name, long, 2) : family + meant
  // Such as LOGLEVEL, which other programs have.
  if (like !== undefined && family === '' && like in set) return []
  const ifOther = family === '' ? `. If it is another program's, set ${like} as well` : ''
  if (like !== undefined) return [`${name}: is not known. Perhaps ${like} is meant${ifOther}`]
  if (relatives.length === 0) return []
  return [`${name}: is not known. Known: ${relatives.map((one) => family + one).join(', ')}`]
}
