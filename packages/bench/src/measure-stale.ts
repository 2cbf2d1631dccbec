import type { Kind } from 'local-databases'
import { type Server, startServer } from './servers.ts'
import { countStale } from './stale.ts'
import { type Reads, readsOf } from './statements.ts'
import { fillTable } from './tables.ts'

/** Whether a shared list is ever older than its own request. */
export type StaleResult = {
  kind: 'stale'
  pairs: number
  /** Lists that had not the word that was acknowledged before they were asked for. */
  stale: number
  /** Lists that were asked for, and statements that were sent for them: fewer, or nothing was shared and shown. */
  requests: number
  statements: number
  failed: number
  fault: string | null
}

/** Two processes of the stop on one database: what is written through the one is read through the other. */
export const measureStale = async (
  database: { kind: Kind; env: Record<string, string> },
  { pairs, source }: { pairs: number; source?: boolean },
): Promise<StaleResult> => {
  /** Notes each as soon as it runs: it is stopped, whatever becomes of the next. */
  const start = async (running: Server[]) => {
    const server = await startServer('ours', database, { env: {}, readyPath: '/readyz', source })
    running.push(server)
    return server
  }
  const servers: Server[] = []
  try {
    const [writer, reader] = [await start(servers), await start(servers)]
    const urls = [writer.url, reader.url] as const
    const reset = () => fillTable(database, 100)
    const stale = await countStale({ urls, pairs, connections: 32, reset })
    const all = await Promise.all(urls.map(readsOf))
    const sum = (what: keyof Reads) => all.reduce((total, reads) => total + (reads?.[what] ?? 0), 0)
    return staleResultOf(pairs, stale, { requests: sum('requests'), statements: sum('statements') })
  } catch (error) {
    return {
      ...staleResultOf(0, 0, { requests: 0, statements: 0 }),
      fault: (error as Error).message,
      failed: 1,
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** A run in which no reads were shared shows nothing, whatever it counted. */
export const staleResultOf = (pairs: number, stale: number, reads: Reads): StaleResult => {
  const isShared = reads.statements > 0 && reads.statements < 0.9 * reads.requests
  const fault =
    stale > 0
      ? `${stale} lists without the word that was written before`
      : isShared
        ? null
        : `nothing was shared: ${reads.statements} statements for ${reads.requests} lists`
  return { kind: 'stale', pairs, stale, ...reads, failed: stale || (fault === null ? 0 : 1), fault }
}
