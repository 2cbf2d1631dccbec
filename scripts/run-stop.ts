import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type Health } from 'contract'

const readySeconds = 60
const endSeconds = 4

/** A stop that runs as a process of its own, from its source. */
export type RunningStop = {
  /** Resolves when /readyz says 200; rejects with what the stop said, when it ends or a minute passes before. */
  ready: Promise<Health>
  /** Asks it to end, insists after four seconds, and resolves when it has ended. */
  end(): Promise<void>
}

type Options = {
  env: NodeJS.ProcessEnv
  host: string
  port: number
  /** Called with every warning and error that the stop logs. */
  onTrouble: (line: string) => void
  /** Called with what its readiness waits for. */
  onProgress: (doing: string) => void
}

/** Runs the stop in the folder. It ends with this process, however that ends. */
export const runStop = async (folder: string, options: Options): Promise<RunningStop> => {
  // Whoever has the port answers for this stop; then it has to say itself that it cannot listen.
  const isTaken = await answers(options.host, options.port)
  const endWithParent = join(import.meta.dirname, 'end-with-parent.js')
  // Of use only where the environment says that its database may be broken: this is development.
  const args = ['--import', endWithParent, '--import', 'server/break-it', 'src/main.ts']
  // detached: Ctrl-C in the terminal reaches only us, and we ask the stop to end, once: a second signal ends it at once.
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...options.env, HOST: options.host, PORT: String(options.port) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let lastTrouble = ''
  let isEnding = false
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      const trouble = troubleIn(line)
      if (trouble === undefined) return
      lastTrouble = `${lastTrouble}\n${trouble}`.slice(-2000)
      options.onTrouble(trouble)
    })
  }
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  child.once('close', () => resolve())
  child.once('error', (error) => {
    lastTrouble = error.message
    resolve()
  })
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  void ended.then(() => isEnding || options.onTrouble(`ended with ${child.exitCode ?? child.signalCode}`))

  const ready = async (): Promise<Health> => {
    const client = createClient(urlOf(options))
    const deadline = performance.now() + readySeconds * 1000
    for (;;) {
      const health = isTaken ? undefined : await client.ready().catch(() => undefined)
      if (hasEnded()) {
        await ended
        throw new Error(lastTrouble.trim() || `It ended with ${child.exitCode ?? child.signalCode}.`)
      }
      if (health?.status === 'ok') return health
      options.onProgress(health?.reason ?? 'waiting until it listens')
      if (performance.now() > deadline) {
        throw new Error(
          `Not ready after ${readySeconds} s: ${health?.reason ?? 'nothing listens'}. It goes on trying.`,
        )
      }
      await delay(50)
    }
  }
  const end = async (): Promise<void> => {
    isEnding = true
    child.kill('SIGTERM')
    const insist = setTimeout(() => child.kill('SIGKILL'), endSeconds * 1000)
    await ended
    clearTimeout(insist)
  }
  return { ready: ready(), end }
}

/** Where a browser on this machine finds what listens on the host and port. */
export const urlOf = ({ host, port }: { host: string; port: number }): string => {
  const isHere = ['127.0.0.1', '0.0.0.0', '::', '::1', ''].includes(host)
  return `http://${isHere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
}

const answers = async (host: string, port: number): Promise<boolean> => {
  if (!(port > 0 && port < 65_536)) return false // the stop itself says what is wrong with it
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({
    host: host === '0.0.0.0' || host === '::' ? 'localhost' : host,
    port,
    timeout: 1000,
  })
  for (const event of ['connect', 'error', 'timeout']) socket.once(event, () => resolve(event === 'connect'))
  return promise.finally(() => socket.destroy())
}

/** What a line of a stop's log says, when it is a warning or an error; undefined when it is not. */
const troubleIn = (line: string): string | undefined => {
  let entry: { level?: string; msg?: string; reason?: string; err?: { message?: string } }
  try {
    entry = JSON.parse(line)
  } catch {
    return line // not from the logger: Node.js itself, or the list of wrong variables
  }
  if (!['warn', 'error', 'fatal'].includes(entry.level ?? '')) return undefined
  return [`${entry.level}: ${entry.msg}`, entry.reason ?? entry.err?.message].filter(Boolean).join(': ')
}
