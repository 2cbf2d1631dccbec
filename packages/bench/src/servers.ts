import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from 'local-databases/ports'
import { onServerCore } from './machine.ts'
import { type Database, host, programOf, root, type ServerName } from './programs.ts'

/** A server that runs as a process of its own, on a processor of its own. */
export type Server = {
  name: ServerName
  url: string
  pid: number
  /** Milliseconds from its start to its first answer. */
  listeningMs: number
  /** What it wrote to standard error. */
  errors(): string
  stop(): Promise<void>
}

type Options = {
  /** What it needs beside the variables of its database. */
  env: Record<string, string>
  /** A path that answers 200 once the server can serve; without it, a server that listens can. */
  readyPath?: string | undefined
  /** Milliseconds until it is given up; 30,000 unless given. */
  patienceMs?: number | undefined
  /** Runs the stop's source, and not the production folder that `pnpm build` makes. */
  source?: boolean | undefined
  /** The folder that a profile of its processor time goes to when it ends (`--cpu-prof`). */
  profileFolder?: string | undefined
}

/**
 * Starts a server and waits until it can serve. Its log goes nowhere, but it is written. It ends with this process,
 * however that ends.
 *
 * @throws when it ends, or is not ready in time, with what it wrote to standard error
 */
export const startServer = async (
  name: ServerName,
  database: Database,
  options: Options,
): Promise<Server> => {
  const port = await freePort([host])
  const { file, flags, env, isPeer } = programOf(name, database?.kind, options.source)
  const [program = '', ...args] = [
    ...onServerCore,
    process.execPath,
    ...flags,
    ...(options.profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`] : []),
    ...['--import', join(root, 'scripts/end-with-parent.js')],
    ...(isPeer ? ['--import', join(import.meta.dirname, 'peers/exit-when-told.ts')] : []),
    file,
  ]
  const began = performance.now()
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      HOST: host,
      PORT: String(port),
      NODE_ENV: 'production',
      ...env,
      ...database?.env,
      ...options.env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => (errors = (errors + text).slice(-4000)))
  const url = `http://${host}:${port}`
  const untilAnswered = async (path: string) => {
    for (
      const deadline = began + (options.patienceMs ?? 30_000);
      performance.now() < deadline;
      await pause(2)
    ) {
      if (child.exitCode !== null || child.signalCode !== null) break
      const status = await fetch(url + path, { signal: AbortSignal.timeout(5000) }).then(
        async (response) => {
          await response.body?.cancel()
          return response.status
        },
        () => undefined,
      )
      if (path === '' ? status !== undefined : status === 200) return
    }
    await end(child)
    throw new Error(
      `${name} (${database?.kind ?? 'no database'}) did not answer ${path} (exit code ${child.exitCode ?? child.signalCode})\n${errors}`,
    )
  }
  await untilAnswered('')
  const listeningMs = performance.now() - began
  if (options.readyPath !== undefined) await untilAnswered(options.readyPath)
  return { name, url, pid: child.pid ?? 0, listeningMs, errors: () => errors, stop: () => end(child) }
}

/** Asks it to end, insists after ten seconds, and resolves when it has ended. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const insist = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(insist)
}
