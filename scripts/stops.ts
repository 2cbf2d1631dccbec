import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Kind } from 'local-databases'

/** A stop of the tour: where its code is, the port it has unless told otherwise, and the database it needs. */
export type Stop = { name: string; folder: string; port: number; kind?: Kind }

const folderOf = (name: string): string => join(import.meta.dirname, '..', 'apps', name)

export const stops: readonly Stop[] = [
  { name: 'example', folder: folderOf('example'), port: 8080 },
  { name: 'example-scylla', folder: folderOf('example-scylla'), port: 8081, kind: 'scylla' },
  { name: 'example-mysql', folder: folderOf('example-mysql'), port: 8082, kind: 'mysql' },
]

/** The environment that the stop sees: ours, and under it the `.env` beside its package.json. */
export const environmentOf = ({ folder }: Stop): NodeJS.Dict<string> => {
  const file = join(folder, '.env')
  return { ...(existsSync(file) && parseEnv(readFileSync(file, 'utf8'))), ...process.env }
}

/**
 * Where the stop listens. One HOST is for all of them; one PORT cannot be, so PORT=9000 means 9000, 9001 and 9002. A
 * stop's own `.env` sets its own.
 */
export const addressOf = (stop: Stop, env: NodeJS.Dict<string>): { host: string; port: number } => ({
  host: env.HOST || '127.0.0.1',
  port: process.env.PORT ? Number(process.env.PORT) + stops.indexOf(stop) : Number(env.PORT || stop.port),
})

/** Whether the stop is to get a database from us: not where its environment names one. */
export const needsDatabase = (stop: Stop): boolean => {
  if (stop.kind === undefined) return false
  const env = environmentOf(stop)
  const variable = `COMPOSE_${stop.kind.toUpperCase()}_URL`
  return !env[variable] && !env[`${variable}S`]
}
