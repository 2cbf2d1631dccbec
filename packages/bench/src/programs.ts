import { join } from 'node:path'
import type { Kind, Lease } from 'local-databases'

/** What is compared. */
export type ServerName =
  | 'limit'
  | 'floor'
  | 'ours, one query a request'
  | 'ours'
  | 'fastify'
  | 'express'
  | 'express sharing reads'
  | 'express sharing writes'

/** The database that servers are on; null where the work needs none. */
export type Database = { kind: Kind; env: Lease['env'] } | null

/** Where everything here listens. */
export const host = '127.0.0.1'

/** Of the repository. */
export const root = join(import.meta.dirname, '../../..')

/** Of Node.js, as a stop is started in production (docs/decisions/runtime.md). */
const flags = ['--max-semi-space-size=8']

/**
 * The file of a server, Node.js's flags, and what it needs in its environment beside its database.
 *
 * @param kind its database; undefined: none
 * @param source the stop from its source, and not from the folder that `pnpm build` makes
 */
export const programOf = (name: ServerName, kind: Kind | undefined, source = false) => {
  const folder = join(root, 'apps', kind ? `example-${kind}` : 'example')
  const stop = (env: Record<string, string>) => ({
    file: join(folder, source ? 'src/main.ts' : 'dist/main.js'),
    flags,
    env,
    isPeer: false,
  })
  const peer = (file: string, env: Record<string, string> = {}) => ({
    file: join(import.meta.dirname, 'peers', file),
    flags: [],
    env,
    isPeer: true,
  })
  switch (name) {
    case 'limit':
      return peer('limit.ts')
    case 'floor':
      return peer(`${kind}-floor.ts`)
    case 'ours, one query a request':
      return stop({ SHARE_READS: 'off', ...(kind === 'mysql' && { SHARE_WRITES: 'off' }) })
    case 'ours':
      return stop({})
    case 'fastify':
      return peer('mysql-fastify.ts')
    case 'express':
      return peer(`${kind}-express.ts`)
    case 'express sharing reads':
      return peer(`${kind}-express.ts`, { SHARE_READS: 'on' })
    case 'express sharing writes':
      return peer(`${kind}-express.ts`, { SHARE_WRITES: 'on' })
  }
}
