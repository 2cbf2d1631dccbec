import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jsonLines, sendLine } from './json-lines.ts'
import type { ControlAction, Running, Settings } from './settings.ts'

/** A lease as its owner grants it. */
export type OwnerLease = Omit<Running, 'control'> & {
  control: Running['control']
  /** Resolves when this lease has ended and, if it was the last one, the database too. */
  release: () => Promise<void>
}

type FromOwner =
  | { progress: string }
  | { ready: Omit<Running, 'control'> }
  | { failed: string }
  | { id: number; error?: string }

/** A lease of the directory's database, from the owner that runs, or from a new one. */
export const leaseFromOwner = async (
  settings: Settings,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<OwnerLease> => {
  mkdirSync(settings.directory, { recursive: true, mode: 0o700 })
  for (;;) {
    signal.throwIfAborted()
    const socket = (await connectToOwner(settings.directory)) ?? (await connectToNewOwner(settings, signal))
    const lease = socket && (await askFor(socket, settings, onProgress, signal))
    if (lease !== undefined) return lease
    await delay(100) // that owner was just ending
  }
}

/** Where an owner writes the path of its socket. */
export const ownerFile = (directory: string): string => join(directory, 'owner.json')

/** A connection to the owner of the directory, or undefined when there is none. */
export const connectToOwner = async (directory: string): Promise<Socket | undefined> => {
  const text = await readFile(ownerFile(directory), 'utf8').catch(() => '')
  if (text === '') return undefined
  const { socketPath } = JSON.parse(text) as { socketPath: string }
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>()
  const socket = connect(socketPath)
  socket.once('connect', () => resolve(socket))
  socket.once('error', () => resolve(undefined))
  return promise
}

/** Starts an owner, and connects to it or to one that was faster; undefined when it ended meanwhile. */
const connectToNewOwner = async (settings: Settings, signal: AbortSignal): Promise<Socket | undefined> => {
  const { directory } = settings
  const logFile = join(directory, 'owner.log')
  const log = openSync(logFile, 'w', 0o600)
  const { NODE_OPTIONS: _, ...env } = process.env
  // What it compiles is kept for the next owner: a third of its start.
  env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache')
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), JSON.stringify(settings)], {
    detached: true,
    stdio: ['ignore', log, log],
    env,
  })
  closeSync(log)
  owner.unref()
  let exit: { code: number | null; by: NodeJS.Signals | null } | undefined
  owner.once('exit', (code, by) => {
    exit = { code, by }
  })
  for (;;) {
    const socket = await connectToOwner(directory)
    if (socket !== undefined) return socket
    if (signal.aborted) owner.kill() // a former owner's end may have to be waited for
    if (exit?.code === 0 || (signal.aborted && exit !== undefined)) return undefined
    if (exit !== undefined) {
      const said = (await readFile(logFile, 'utf8')).trim()
      const end = `ended (${exit.by ?? exit.code}) and could not say why: is the disk full, or memory short?`
      throw new Error(said || `The process that holds the database in ${directory} ${end}`)
    }
    await delay(20)
  }
}

const ended = 'The owner of the database has ended, or this lease has.'

/** Asks the owner for a lease; undefined when it ends before it has answered. */
const askFor = async (
  socket: Socket,
  settings: Settings,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<OwnerLease | undefined> => {
  const answer = Promise.withResolvers<Omit<Running, 'control'> | undefined>()
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  const closed = Promise.withResolvers<void>()
  socket.on('error', () => {})
  socket.once('close', () => {
    answer.resolve(undefined)
    closed.resolve()
    for (const { reject } of waiting.values()) reject(new Error(ended))
  })
  jsonLines<FromOwner>(socket, (line) => {
    if ('progress' in line) onProgress(line.progress)
    else if ('ready' in line) answer.resolve(line.ready)
    else if ('failed' in line) answer.reject(new Error(line.failed))
    else if (line.error === undefined) waiting.get(line.id)?.resolve()
    else waiting.get(line.id)?.reject(new Error(line.error))
  })
  sendLine(socket, { lease: settings })
  const giveUp = () => answer.reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()

  const release = async (): Promise<void> => {
    socket.ref()
    socket.end()
    await closed.promise
  }
  try {
    const ready = await answer.promise
    if (ready === undefined) return undefined
    socket.unref() // a program that forgets to release can end all the same, and that releases
    let requests = 0
    const control = async (member: number, action: ControlAction): Promise<void> => {
      if (!socket.writable) throw new Error(ended)
      const done = Promise.withResolvers<void>()
      const id = ++requests
      waiting.set(id, done)
      socket.ref()
      sendLine(socket, { id, member, action })
      await done.promise.finally(() => {
        waiting.delete(id)
        if (waiting.size === 0) socket.unref()
      })
    }
    return { ...ready, control, release }
  } catch (error) {
    await release()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
