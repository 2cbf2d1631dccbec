import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'

const cores = availableParallelism()

/** The processor that a measured server has to itself; undefined where processes cannot be tied to processors. */
const serverCore: number | undefined = cores > 1 && spawnSync('taskset', ['-V']).status === 0 ? 0 : undefined

/** The command that runs on the servers' processor what is appended to it. */
export const onServerCore: readonly string[] =
  serverCore === undefined ? [] : ['taskset', '-c', String(serverCore)]

/** Moves this process, and with it everything it starts from now on (databases, clients), off the servers' processor. */
export const leaveServerCore = (): void => {
  if (serverCore === undefined) return
  spawnSync('taskset', ['-apc', `${serverCore + 1}-${cores - 1}`, String(process.pid)])
}

/** What the numbers were measured on. */
export const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${process.arch}`,
  node: process.versions.node,
  pinned: serverCore !== undefined,
})
