import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { withUtf8 } from './programs.ts'
import type { Context, ControlAction } from './settings.ts'

type Options = {
  /** Completes "waiting for …". */
  name: string
  command: readonly [string, ...string[]]
  cwd: string
  /** Where its standard output and error go; begun anew at every start. */
  logFile: string
  /** True once the server serves clients. */
  isReady: () => Promise<boolean>
  readySeconds: number
  /** Files that a killed server leaves and that keep the next one from starting. */
  leftovers?: readonly string[]
  /** How long it may take to end before it is killed; five seconds unless given. */
  endSeconds?: number
}

/** A server that can be started, ended, killed and paused, and that dies when this process does. */
export const serverProcess = (
  { name, command, cwd, logFile, isReady, readySeconds, leftovers = [], endSeconds = 5 }: Options,
  context: Context,
) => {
  let child: ChildProcess | undefined
  let ended: Promise<void> = Promise.resolve()
  let isPaused = false

  const spawnServer = (): void => {
    isPaused = false
    for (const file of leftovers) rmSync(file, { force: true })
    const log = openSync(logFile, 'w', 0o600)
    // --pdeathsig: the kernel kills the server when this process ends, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG).
    // The lock is inherited, so that the directory stays locked until the server has ended.
    const started = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
      cwd,
      stdio: ['ignore', log, log, context.lock],
      env: withUtf8(),
    })
    closeSync(log)
    const { promise, resolve } = Promise.withResolvers<void>()
    started.once('exit', () => resolve())
    started.once('error', () => resolve())
    child = started
    ended = promise.then(() => {
      if (child === started) child = undefined
    })
  }

  const untilReady = async (): Promise<void> => {
    const deadline = performance.now() + readySeconds * 1000
    while (!(await isReady())) {
      context.signal.throwIfAborted()
      if (child === undefined) throw new Error(`${name} ended while starting. ${await lastLinesOf(logFile)}`)
      if (performance.now() > deadline) {
        throw new Error(`${name} is not ready after ${readySeconds} s. ${await lastLinesOf(logFile)}`)
      }
      await delay(50)
    }
  }

  const end = async (): Promise<void> => {
    const ending = child
    if (ending === undefined) return
    ending.kill('SIGTERM')
    ending.kill('SIGCONT') // a paused process would not see the first
    const patience = context.signal.aborted ? Math.min(endSeconds, 5) : endSeconds
    const timer = setTimeout(() => ending.kill('SIGKILL'), patience * 1000)
    await ended
    clearTimeout(timer)
  }

  return {
    get isRunning() {
      return child !== undefined
    },
    get isPaused() {
      return child !== undefined && isPaused
    },
    spawn: spawnServer,
    untilReady,
    /** SIGTERM, SIGKILL after `endSeconds`; resolves when the process has ended. */
    end,
    control: async (action: Exclude<ControlAction, 'expire' | 'renew'>): Promise<void> => {
      if (action === 'start') {
        // One that is slow is waited for.
        if (child !== undefined && (await isReady())) throw new Error(`${name} is running already.`)
        if (child === undefined) spawnServer()
        return untilReady()
      }
      if (child === undefined) throw new Error(`${name} is not running.`)
      if (action === 'stop') return end()
      child.kill(({ kill: 'SIGKILL', pause: 'SIGSTOP', resume: 'SIGCONT' } as const)[action])
      isPaused = action === 'pause'
      if (action === 'pause') await untilStopped(child)
      if (action === 'kill') await ended
    },
  }
}

/**
 * Waits until a process that was sent SIGSTOP has stopped: one of its threads has to run for that, and where the machine
 * is busy the others still answer until it does.
 */
const untilStopped = async ({ pid }: ChildProcess): Promise<void> => {
  const isStopped = async () => {
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => 'it has ended')
    return !/^State:\t[RSD]/m.test(status)
  }
  const deadline = performance.now() + 10_000
  while (!(await isStopped())) {
    if (performance.now() > deadline)
      throw new Error(`Process ${pid} was sent SIGSTOP and has not stopped after 10 s.`)
    await delay(5)
  }
}

const lastLinesOf = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.trimEnd().split('\n').slice(-12)
  return `The end of its log, ${file}:\n${lines.join('\n')}`
}
