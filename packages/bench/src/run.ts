import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kind, Lease } from 'local-databases'
import { client } from './load.ts'
import { machine } from './machine.ts'
import { root } from './programs.ts'

/** A database as it says of itself, how many servers answer for it, and how they run (not known of older runs). */
export type DatabaseFacts = { name: string; version: string; members: number; way?: Lease['way'] }

/** What the rows of one run were measured on, and with. */
export type Run = ReturnType<typeof thisRun>

/**
 * What is known of this run before it begins; databases are added when they are there.
 *
 * @param options what the command line asked for
 */
export const thisRun = (options: { quick: boolean; rounds: number; seconds: number; source: boolean }) => ({
  measured: new Date().toISOString(),
  ...machine(),
  ...options,
  commit: commit(),
  client: client === 'autocannon' ? `autocannon ${versionOf('autocannon', 'packages/bench')}` : client,
  versions: {
    mysql2: versionOf('mysql2', 'packages/bench'),
    'cassandra-driver': versionOf('cassandra-driver', 'packages/bench'),
    fastify: versionOf('fastify', 'packages/server'),
    express: versionOf('express', 'packages/bench'),
  },
  databases: {} as Record<string, DatabaseFacts>,
})

/** Adds a database to what is known of a run. Containers have every processor: that of the servers as well. */
export const addDatabase = (run: Run, kind: Kind, facts: DatabaseFacts): void => {
  run.databases[kind] = facts
  if (facts.way === 'docker') run.pinned = false
}

/** What a stop says of its database. @throws when it does not say it */
export const factsOf = async (url: string): Promise<DatabaseFacts> => {
  const report = (await (await fetch(`${url}/connection`)).json()) as {
    database: { name: string; version: string } | null
    live: { members: { up: boolean }[] } | null
  }
  if (report.database === null) throw new Error(`${url}/connection names no database`)
  const { name, version } = report.database
  return { name, version, members: report.live?.members.length ?? 0 }
}

/** The version of a package as it is installed for one of ours. */
const versionOf = (name: string, folder: string): string => {
  const file = findPackageJSON(name, pathToFileURL(join(root, folder, 'package.json')))
  return file === undefined ? 'unknown' : JSON.parse(readFileSync(file, 'utf8')).version
}

/** The commit, with a + where there are changes that are not in it; null where there is no git. */
const commit = (): string | null => {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return null
  }
}
