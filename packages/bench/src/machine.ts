import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

const cores = availableParallelism()

/** The processors that this process may have, which need not begin with 0: "2-3" as [2, 3]. Source: proc_pid_status(5). */
const allowed = (): number[] => {
  if (!existsSync('/proc/self/status')) return []
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, n) => first + n)
  })
}
const [first = 0, ...others] = allowed()

/** The processor that a measured server has to itself; undefined where processes cannot be tied to processors. */
const serverCore: number | undefined =
  others.length > 0 && spawnSync('taskset', ['-c', String(first), 'true']).status === 0 ? first : undefined

/** The command that runs on the servers' processor what is appended to it. */
export const onServerCore: readonly string[] =
  serverCore === undefined ? [] : ['taskset', '-c', String(serverCore)]

/** Moves this process, and with it everything it starts from now on (databases, clients), off the servers' processor. */
export const leaveServerCore = (): void => {
  if (serverCore === undefined) return
  spawnSync('taskset', ['-apc', others.join(','), String(process.pid)])
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
