import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Kind, type LeaseOptions, lease } from 'local-databases'
import { root } from './programs.ts'
import { type DatabaseFacts, factsOf } from './run.ts'
import { startServer } from './servers.ts'
import { fillTable } from './tables.ts'

/** A local database with the table of the stop, and what it says of itself. */
export type OnDatabase = {
  database: { kind: Kind; env: Record<string, string> }
  facts: DatabaseFacts
  fill: (rows: number) => Promise<void>
}

/**
 * Runs something on a local database, which is kept for the next time.
 *
 * @param folder its name among those of the benchmark
 */
export const onDatabase = async <Result>(
  kind: Kind,
  folder: string,
  source: boolean,
  run: (on: OnDatabase) => Promise<Result>,
): Promise<Result> => {
  const options: LeaseOptions = { directory: directoryOf(folder), onProgress: console.error }
  await using granted = await lease(kind, options)
  const database = { kind, env: granted.env }
  const stop = await startServer('ours', database, { env: {}, readyPath: '/readyz', source })
  const facts = await factsOf(stop.url).finally(() => stop.stop()) // it has made the table
  return await run({
    database,
    facts: { ...facts, way: granted.way },
    fill: (rows) => fillTable(database, rows),
  })
}

/** Whether the database of that name was never there before. */
export const isNew = (folder: string): boolean => !existsSync(directoryOf(folder))

const directoryOf = (folder: string): string =>
  join(process.env.LOCAL_DATABASES ?? join(root, '.local'), 'bench', folder)
