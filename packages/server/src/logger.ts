import cluster from 'node:cluster'
import { type DestinationStream, destination, type Logger, pino, levels as pinoLevels } from 'pino'
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
    base: cluster.isWorker ? { pid: process.pid } : null, // which of several: workers.ts
    timestamp: isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutSecrets },
  }
  return pino(options, process.stdout.isTTY ? pretty({ sync: true }) : oncePerTurn())
}

/**
 * Writes once in a turn of the event loop, whatever is logged in it: a system call costs as much as making the line.
 * What cannot be written, as to a full disk, is kept up to 1 MiB and written with the first line that can be; lines after
 * that are lost.
 */
const oncePerTurn = (): DestinationStream & { flushSync(): void } => {
  const output = destination({ dest: 1, sync: true, maxLength: 1 << 20 })
  output.on('error', () => {}) // without a listener, it would end the process
  output.on('drop', () => output.flush()) // by itself, it tries again only with a line that it keeps
  let lines = ''
  const flushSync = () => {
    const text = lines
    lines = ''
    if (text !== '') output.write(text)
  }
  process.once('exit', flushSync)
  return {
    write: (line) => {
      if (lines.length + line.length > mostAtOnce) flushSync()
      if (lines === '') setImmediate(flushSync)
      lines += line
    },
    flushSync,
  }
}

/**
 * UTF-16 units of lines in one write. What workers write to one pipe at once does not mix up to 4096 bytes (PIPE_BUF of
 * Linux: pipe(7)): so many units at least, of three bytes in UTF-8 at most.
 */
const mostAtOnce = cluster.isWorker ? Math.floor(4096 / 3) : 65_536

let second = 0
let upToSecond = ''
/** Of which all but the milliseconds is made anew once in a second. */
const isoTime = (): string => {
  const now = Date.now()
  const ms = now % 1000
  if (now - ms !== second) {
    second = now - ms
    upToSecond = `,"time":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`
  }
  return `${upToSecond}${String(ms).padStart(3, '0')}Z"`
}

/**
 * The same line, with the password of every URL in it hidden, and what stands under the names of secrets. A second
 * belt: nothing should hand a secret to the log in the first place. pino's own `redact` with its wildcards takes 5 µs
 * for every line; this looks for three words.
 */
const withoutSecrets = (line: string): string => {
  const named = /password"|authorization"/i.test(line) ? line.replace(namedSecret, '$1"[Redacted]"') : line
  return named.includes('@') ? named.replace(urlPassword, '://$1:[hidden]@') : named
}

const namedSecret = /("(?:password|authorization)":)(?:"(?:[^"\\]|\\.)*"|[^",{}[\]]+)/gi
const urlPassword = /:\/\/([^\s:/?#@"]{0,256}):[^\s"]{0,1024}@/g
