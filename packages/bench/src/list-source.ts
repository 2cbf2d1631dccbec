import { type Transfer, transferList } from './list.ts'
import { cpuMsOf, forgetPeak, memoryOf } from './processes.ts'
import type { Database } from './programs.ts'
import { faultOf } from './rows.ts'
import { type Server, startServer } from './servers.ts'

/** How a list is asked for. */
export type Way = { server: 'floor' | 'ours'; path: string; clients: number; bytesPerSecond: number | null }

export type Conditions = {
  rows: number
  /** How long slow clients are slow. */
  slowSeconds: number
  source?: boolean
  patienceMs?: number
}

/** A server that lists come from; without one where it did not start. */
export type Source = {
  name: string
  server?: Server
  fault?: string
  idleRss?: number | undefined
  right: Set<string>
}

/** Starts a server that lists come from; one that does not start has the reason in place of it. */
export const begin = async (
  name: 'floor' | 'ours',
  database: Database,
  { source, patienceMs }: Conditions,
): Promise<Source> => {
  try {
    const server = await startServer(name, database, {
      env: {},
      // The floor knows no limit, and would make one text of a million rows.
      readyPath: name === 'ours' ? '/words?limit=1' : undefined,
      source,
      patienceMs,
    })
    // Once, as the others have not: after a list, what it took is not idle.
    return { name, server, idleRss: memoryOf(server.pid)?.rss, right: new Set() }
  } catch (error) {
    return { name, fault: (error as Error).message.trim(), right: new Set() }
  }
}

/** Transfers at the same time, with what they took and what was wrong. */
export type Taken = {
  transfers: Transfer[]
  faults: string[]
  cpuMs: number | undefined
  peakRss: number | undefined
}

/** Gets the list, by one client or by several at once, of which the first alone stays to the end. */
export const take = async (source: Source, way: Way, { rows, slowSeconds }: Conditions): Promise<Taken> => {
  const { server, right, fault = '' } = source
  if (server === undefined) return { transfers: [], faults: [fault], cpuMs: undefined, peakRss: undefined }
  const { bytesPerSecond, clients } = way
  // One text is looked at row by row; who reads the same bytes has read the same rows.
  const options = bytesPerSecond === null ? { keep: right.size === 0 } : { bytesPerSecond, slowSeconds }
  forgetPeak(server.pid)
  const before = cpuMsOf(server.pid)
  const settled = await Promise.allSettled(
    Array.from({ length: clients }, (_, n) =>
      transferList(server.url + way.path, { ...options, leaves: n > 0 }),
    ),
  )
  const after = cpuMsOf(server.pid)
  const transfers: Transfer[] = []
  const faults: string[] = []
  for (const one of settled) {
    if (one.status === 'rejected') faults.push((one.reason as Error).message)
    else if (one.value !== undefined) {
      const wrong = wrongIn(one.value, right, rows)
      if (wrong === undefined) transfers.push(one.value)
      else faults.push(wrong)
    }
  }
  const cpuMs = before === undefined || after === undefined ? undefined : after - before
  return { transfers, faults, cpuMs, peakRss: memoryOf(server.pid)?.peak }
}

const wrongIn = (transfer: Transfer, right: Set<string>, rows: number): string | undefined => {
  const { digest, text } = transfer
  transfer.text = undefined // a hundred megabytes
  if (right.has(digest)) return undefined
  if (text === undefined) return 'not the bytes that the list had before'
  const fault = faultOf(text, rows, rows)
  if (fault === undefined) right.add(digest)
  return fault
}
