import { median } from './median.ts'
import type { Database, ServerName } from './programs.ts'
import { restartsMs } from './restarts.ts'
import { startServer } from './servers.ts'

/** How long a server takes until it listens: from the start of its process, or from a change of its source. */
export type StartResult = {
  kind: 'start'
  server: string
  /** Milliseconds; null where it did not. */
  ms: { least: number; median: number; most: number } | null
  failed: number
  fault: string | null
}

/** Starts each server several times, in turns, and ends it again. */
export const measureStart = async (
  database: Database,
  { starts, source }: { starts: number; source?: boolean },
): Promise<StartResult[]> => {
  const names: ServerName[] = ['floor', 'express', 'ours']
  const took = new Map(names.map((name): [ServerName, number[]] => [name, []]))
  const faults = new Map<ServerName, string>()
  // The first ones read from a disk what the others find in memory, and compile what the others find compiled.
  for (let round = -1; round < starts; round++) {
    for (const name of names) {
      try {
        const server = await startServer(name, database, { env: {}, source })
        await server.stop()
        if (round >= 0) took.get(name)?.push(server.listeningMs)
      } catch (error) {
        faults.set(name, (error as Error).message.trim())
      }
    }
  }
  return names.map((name) => startResultOf(name, took.get(name) ?? [], faults.get(name)))
}

/** How long `pnpm dev` takes to listen again after a file was saved. */
export const measureRestart = async (
  database: Database & object,
  { starts }: { starts: number },
): Promise<StartResult[]> => {
  const name = 'ours, node --watch'
  try {
    return [startResultOf(name, await restartsMs(database, starts), undefined)]
  } catch (error) {
    return [startResultOf(name, [], (error as Error).message.trim())]
  }
}

const startResultOf = (server: string, took: readonly number[], fault: string | undefined): StartResult => ({
  kind: 'start',
  server,
  ms: took.length === 0 ? null : { least: Math.min(...took), median: median(took), most: Math.max(...took) },
  failed: fault === undefined ? 0 : 1,
  fault: fault ?? null,
})
