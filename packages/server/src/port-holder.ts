import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * Which process listens on a TCP port of this machine, such as `node (process 4711)`; undefined where that cannot be
 * known: another system than Linux, or another user's process.
 * Source: https://docs.kernel.org/networking/proc_net_tcp.html
 */
export const portHolder = async (port: number): Promise<string | undefined> => {
  const sockets = new Set(await listeningInodes(port))
  if (sockets.size === 0) return undefined
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      if (!sockets.has(target)) continue
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process')
      return `${name.trim()} (process ${pid})`
    }
  }
  return undefined
}

/** What the descriptors of sockets that listen on the port link to, as /proc writes it: `socket:[inode]`. */
const listeningInodes = async (port: number): Promise<string[]> => {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  )
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === listening)
    .map((columns) => `socket:[${columns[9]}]`)
}

const listening = '0A'
