import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Ticks of 10 ms: USER_HZ, which every Linux has at 100. */
const tickMs = 10

/**
 * Milliseconds of processor time, user and system, of all threads of the process since it began; undefined where there
 * is no /proc. Source: proc_pid_stat(5), utime and stime.
 */
export const cpuMsOf = (pid: number): number | undefined => {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets, which may hold spaces and brackets.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && (Number(fields[11]) + Number(fields[12])) * tickMs
}

/**
 * Resolves once a process needs no processor time for a tenth of a second, or after five seconds.
 *
 * @param cpuMs what it has needed so far
 */
export const untilIdle = async (cpuMs: () => number | undefined): Promise<void> => {
  let before = cpuMs()
  for (let left = 50; left > 0; left--) {
    await pause(100)
    const now = cpuMs()
    if (now === before) return
    before = now
  }
}

/** Megabytes of memory that the process has now (`rss`), and had at most since {@link forgetPeak} (`peak`). */
export const memoryOf = (pid: number): { rss: number; peak: number } | undefined => {
  const status = read(`/proc/${pid}/status`)
  if (status === undefined) return undefined
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}

/** Lets the peak of the process begin at what it has now. Source: proc_pid_clear_refs(5). */
export const forgetPeak = (pid: number): void => {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {} // not on this system: the peak is then the one since the start
}

/** How many files and sockets the process has open; undefined where there is no /proc. */
export const handlesOf = (pid: number): number | undefined => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

/** How many sockets are among them. */
export const socketsOf = (pid: number): number | undefined => {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`))
    return links.filter((link) => link.startsWith('socket:')).length
  } catch {
    return undefined
  }
}

/** A file may be closed between its being listed and being looked at. */
const linkOf = (file: string): string => {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
