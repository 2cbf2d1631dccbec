import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Stop } from '../stop.ts'

/** What a stop's process holds now: open sockets, and megabytes of memory (resident set). */
export const resourcesOf = async ({ process: { pid } }: Pick<Stop, 'process'>) => {
  const open = await readdir(`/proc/${pid}/fd`)
  // One that is closed meanwhile is not open.
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    megabytes: Math.round(Number(kilobytes) / 1024),
  }
}
