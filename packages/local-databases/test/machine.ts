import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { Kind, Lease, LeaseOptions } from '../src/index.ts'

const directories: string[] = []

/** An empty directory of its own, removed by {@link removeDirectories}. */
export const freshDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'local-databases-'))
  directories.push(directory)
  return directory
}

export const removeDirectories = (): void => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}

/** The ids of the processes that have this directory in their command line. */
export const processesOf = (directory: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)
      } catch {
        return false // it has just ended
      }
    })
    .map(Number)

/** Waits until it is so; throws, saying what was waited for, when it is not within `seconds`. */
export const waitUntil = async (what: string, seconds: number, isSo: () => boolean): Promise<void> => {
  // A turn counts for 200 ms at most: where the machine stood still, so did what is waited for.
  for (let leftMs = seconds * 1000; !isSo(); ) {
    if (leftMs < 0) throw new Error(`Not within ${seconds} s: ${what}`)
    const lookedAt = performance.now()
    await delay(50)
    leftMs -= Math.min(performance.now() - lookedAt, 200)
  }
}

/** Another process that leases the directory's database, and holds it until it is killed. */
export const lessee = async (
  kind: Kind,
  options: LeaseOptions,
): Promise<{ process: ChildProcess; lease: Pick<Lease, 'env'> }> => {
  const script = join(import.meta.dirname, 'lessee.ts')
  const child = spawn(process.execPath, [script, kind, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { process: child, lease: JSON.parse(line) as Lease }
}

/** What a client that verifies finds wrong with the certificate of a port that speaks TLS from its first byte. */
export const tlsFault = async (host: string, port: number, ca: string): Promise<string | undefined> => {
  const socket = connect({ host, port, ca, servername: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const error = socket.authorizationError as Error | string | null | undefined
  socket.destroy()
  return error ? String((error as { code?: string }).code ?? error) : undefined
}
