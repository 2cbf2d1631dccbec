import * as z from 'zod'
import { levels } from './logger.ts'

/** An environment that cannot work: its message has a line for every wrong variable, with what would be right. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * The variables that every stop has: where to listen, and how much to log.
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
  LOG_LEVEL: z.enum(levels, `must be one of ${levels.join(', ')}`).default('info'),
})

const portRule = 'must be a port number, 0 to 65535 (0: any free port)'

/**
 * The configuration that `schema` makes of the environment; an empty variable counts as one that is not set.
 *
 * @param together pairs of variables that make sense only together
 * @throws {@link ConfigError} that names every wrong variable at once, and repeats no value: it may be a password
 */
export const readEnvironment = <Schema extends z.ZodType>(
  schema: Schema,
  env: Record<string, string | undefined>,
  together: readonly (readonly [string, string])[] = [],
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
  if (result.success && alone.length === 0) return result.data
  const lines = (result.error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.') || 'environment'}: ${message}`,
  )
  throw new ConfigError([...lines, ...alone].join('\n'))
}
