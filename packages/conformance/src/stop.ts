import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createClient } from 'contract'
import { until } from './until.ts'

/** The folder of a stop in apps/. */
export type App = 'example' | 'example-scylla' | 'example-mysql'

export type SpawnOptions = {
  /** Whether to wait until /readyz says 200; true unless given. The URL is waited for in either case. */
  waitUntilReady?: boolean
  /** Milliseconds for that; 60,000 unless given. */
  deadlineMs?: number
  /** The program to run, such as the main.js of a production folder; the stop's src/main.ts unless given. */
  entry?: string
  /** The Node.js to run it on; the one that runs the test unless given. */
  node?: string
}

/** A stop that runs as a process of its own. */
export type Stop = {
  /** Where it listens, such as http://127.0.0.1:40123, without a slash at its end. */
  url: string
  client: ReturnType<typeof createClient>
  process: ChildProcess
  /** Everything it wrote so far, to stdout and to stderr. */
  log(): string
  /** Asks it to end, as an orchestrator does (SIGTERM); resolves with its exit code, null where a signal ended it. */
  stop(deadlineMs?: number): Promise<number | null>
  /** Ends it at once (SIGKILL); resolves when it has ended. */
  kill(): Promise<void>
}

const folderOf = (app: App): string => fileURLToPath(new URL(`../../../apps/${app}/`, import.meta.url))

/** What of the test's own environment a stop may see: nothing that could name a database. */
const inherited = () => {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
  return { PATH, HOME, NODE_COMPILE_CACHE }
}

/**
 * Runs a stop as a user does, as a process of its own, on a free port of 127.0.0.1.
 *
 * It sees the variables in `env` and none of the test's own, so that no database is found by accident. It dies with
 * the test's process, however that ends.
 *
 * @throws Error with everything the process wrote, when it ends early or is not ready in time
 */
export const spawnStop = async (
  app: App,
  env: Record<string, string> = {},
  { waitUntilReady = true, deadlineMs = 60_000, entry, node = process.execPath }: SpawnOptions = {},
): Promise<Stop> => {
  const folder = folderOf(app)
  const child = spawn(node, [...tiedToOwner, entry ?? 'src/main.ts'], {
    cwd: folder,
    env: { ...inherited(), HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  // A stop that a failed test left behind must not keep the test's process from ending; it dies with it.
  const handles = [child, ...(child.stdio as (Socket | null)[])]
  for (const handle of handles) handle?.unref()
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => (log += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (log += text))
  child.on('error', (error) => (log += error.message))
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  const ended = once(child, 'close').catch(() => undefined)

  /** Sends the signal; from then on the end is waited for. */
  const signal = (name: 'SIGTERM' | 'SIGKILL') => {
    for (const handle of handles) handle?.ref()
    child.kill(name)
  }
  const kill = async () => {
    signal('SIGKILL')
    await ended
  }
  const stop = async (stopDeadlineMs = 15_000) => {
    signal('SIGTERM')
    await until(`${app} to end after SIGTERM\n${log}`, hasEnded, stopDeadlineMs).catch(async (error) => {
      await kill()
      throw error
    })
    await ended
    return child.exitCode
  }
  const orItsEnd = (condition: () => unknown) => async () => {
    if (hasEnded()) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    return condition()
  }
  try {
    const url = String(
      await until(
        'its URL in the log',
        orItsEnd(() => listeningUrl(log)),
        deadlineMs,
      ),
    )
    const isReady = async () => (await fetch(`${url}/readyz`)).status === 200
    if (waitUntilReady) await until('/readyz to say 200', orItsEnd(isReady), deadlineMs)
    return { url, client: createClient(url), process: child, log: () => log, stop, kill }
  } catch (error) {
    await kill()
    throw new Error(`${app} did not start: ${(error as Error).message}\n${log}`, { cause: error })
  }
}

/** The URL in the line that Fastify logs when it listens, once it is there as a whole. */
const listeningUrl = (log: string): string | undefined => /listening at (http:\S+?)"/.exec(log)?.[1]

/**
 * Has the process watch its file descriptor 3, a pipe whose other end closes when the test's process ends, also by
 * SIGKILL. Jest runs no `exit` listeners of a test (jestjs/jest#6443), and none would run at a SIGKILL. What it compiles
 * is kept for the next one: stops are started hundreds of times, and a third of a start is compiling.
 */
const tiedToOwner = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`
    import module from 'node:module'
    import { Socket } from 'node:net'
    module.enableCompileCache?.()
    new Socket({ fd: 3 }).on('close', () => process.kill(process.pid, 'SIGKILL')).resume().unref()
  `)}`,
]

/** Runs a stop's command `diagnose` as a user does, without a terminal: its exit code, what it wrote, and how long it took. */
export const runDiagnose = async (app: App, env: Record<string, string>, ...options: string[]) => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['src/diagnose.ts', ...options], {
    cwd: folderOf(app),
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await ended
  return { code: code as number | null, out, err, ms: performance.now() - startedAt }
}
