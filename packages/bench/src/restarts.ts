import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, utimesSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from 'local-databases/ports'
import { endingWithUs } from 'local-databases/programs'
import { type Database, host, root } from './programs.ts'

/**
 * Runs a stop from its source as its `dev` script does (`node --watch`, with the database of the bench in place of that
 * of `with-database`), and saves one of its files, so to speak: its own times are set on it again, which is a change
 * for whoever watches it, and none for anybody else.
 *
 * @returns milliseconds from then until it listens again, one for each time
 * @throws when it does not listen within 30 s
 */
export const restartsMs = async ({ kind, env }: Database & object, times: number): Promise<number[]> => {
  const stop = join(root, 'apps', `example-${kind}`)
  const port = await freePort([host])
  const dev = ['--watch', '--import', 'server/break-it', 'src/main.ts']
  const child = spawn(...endingWithUs(process.execPath, dev), {
    cwd: stop,
    env: { PATH: process.env.PATH, HOST: host, PORT: String(port), ...env },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  try {
    const took: number[] = []
    await until(port, true)
    for (let n = 0; n < times; n++) {
      await pause(settleMs)
      const file = join(stop, 'src/words.ts')
      const { atime, mtime } = statSync(file)
      const began = performance.now()
      utimesSync(file, atime, mtime)
      await until(port, false)
      await until(port, true)
      took.push(performance.now() - began)
    }
    return took
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** A stop that has just begun to listen connects to its database, which is another story. */
const settleMs = 1000

const until = async (port: number, isWanted: boolean): Promise<void> => {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await pause(2))
    if ((await listens(port)) === isWanted) return
  throw new Error(`the stop ${isWanted ? 'does not listen' : 'was not restarted'} within 30 s`)
}

const listens = async (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, host, () => resolve(true)).once('error', () => resolve(false))
  const isThere = await promise
  socket.destroy()
  return isThere
}
