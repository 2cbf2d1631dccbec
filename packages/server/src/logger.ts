import { type Logger, pino, levels as pinoLevels, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

/** What LOG_LEVEL may be, from the most to the least. */
export const levels: string[] = [...Object.values(pinoLevels.labels), 'silent']

/**
 * A logger to standard output: lines for people on a terminal, JSON lines (one per event) otherwise. Its level is
 * LOG_LEVEL, or info; a LOG_LEVEL that does not exist is told with the rest of the environment, not here.
 */
export const createLogger = (env: Record<string, string | undefined> = process.env): Logger => {
  const options = {
    level: levels.includes(env.LOG_LEVEL ?? '') ? (env.LOG_LEVEL as string) : 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // A second belt: nothing should hand a secret to the log in the first place.
    redact: ['password', '*.password', '*.*.password', '*.authorization', '*.*.authorization'],
    hooks: { streamWrite: withoutPasswords },
  }
  return process.stdout.isTTY ? pino(options, pretty({ ignore: 'pid,hostname', sync: true })) : pino(options)
}

/** The same text, with the password of every URL in it hidden. */
const withoutPasswords = (text: string): string =>
  text.includes('@') ? text.replace(/:\/\/([^\s:/?#@"]{0,256}):[^\s"]{0,1024}@/g, '://$1:[hidden]@') : text
