import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Locks a directory for as long as the descriptor, or a copy of it that a child process inherited, is open.
 *
 * The kernel lets go of it when the last holder has ended, however it ended: so a directory stays locked until its
 * database is really gone, and no stale lock is ever left. Source: flock(2); the command is util-linux's.
 *
 * @returns the descriptor, or undefined while somebody else holds the lock
 */
export const lockDirectory = (directory: string): number | undefined => {
  const lock = openSync(join(directory, 'lock'), 'a', 0o600)
  // Elsewhere than on Linux there is no such command, and databases run in Docker, which refuses a second container
  // of the same name.
  if (process.platform !== 'linux') return lock
  const { status, error } = spawnSync('flock', ['--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', lock],
  })
  if (error !== undefined) throw new Error(`flock cannot be run (${error.message}): install util-linux.`)
  if (status === 0) return lock
  closeSync(lock)
  return undefined
}
