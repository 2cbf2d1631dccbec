import type { Kind } from 'local-databases'
import type { Options } from './options.ts'
import type { ServerName } from './programs.ts'
import { kinds } from './work-names.ts'
import type { Work } from './works.ts'
import { fileWorks } from './works-on-files.ts'
import { listWork, pageWork, putWork } from './works-on-words.ts'

/** What is no load on a server, and is measured in its own way. */
export type Special = 'start' | 'restart' | 'stale' | 'million'

/** What is done with a table of so many rows, in this order: what leaves other rows in it comes last. */
export type Table = { rows: number; before: Special[]; works: Work[]; after: Special[] }

/** Everything that a run does, in its order. */
export type Plan = { files: Work[]; databases: { kind: Kind; tables: Table[] }[] }

/** What is planned for a command line; the time that it takes is in budget.ts. */
export const planOf = ({ quick, rows, only, database }: PlanOptions): Plan => {
  const isWanted = (name: string) => only?.includes(name) ?? true
  const worksOf = (...works: Work[]) => works.filter(({ name }) => isWanted(name))
  const specialsOf = (...specials: Special[]) => specials.filter(isWanted)
  // What the limit gives is known from the hundred rows; and a quick run compares those that the targets need.
  const four: ServerName[] = ['floor', 'ours, one query a request', 'ours', 'express']
  const many = listWork(1000, quick ? ['ours', 'express'] : four)
  // What Fastify itself costs is the same on every database; and only the stop on MySQL shares writes.
  const others = (kind: Kind, ...onMysql: ServerName[]) => (quick || kind !== 'mysql' ? [] : onMysql)
  const reading: ServerName[] = quick ? [] : ['express sharing reads']
  const few = (kind: Kind) => listWork(100, ['limit', ...four, ...others(kind, 'fastify'), ...reading])
  const putOn = (kind: Kind) => putWork([...four, ...others(kind, 'fastify', 'express sharing writes')])
  const tablesOf = (kind: Kind): Table[] => [
    { rows: 100, before: [], works: worksOf(few(kind)), after: [] },
    {
      rows: 1000,
      before: specialsOf('start', 'restart'),
      works: worksOf(many, pageWork('page', 1000), putOn(kind)),
      after: specialsOf('stale'),
    },
    { rows, before: [], works: worksOf(pageWork('page-of-many', rows)), after: specialsOf('million') },
  ]
  const isAsked = ({ before, works, after }: Table) => before.length + works.length + after.length > 0
  return {
    files: worksOf(...fileWorks()),
    databases: kinds
      .filter((kind) => (database ?? kind) === kind)
      .map((kind) => ({ kind, tables: tablesOf(kind).filter(isAsked) }))
      .filter(({ tables }) => tables.length > 0),
  }
}

/**
 * Where a database is kept: small tables are filled anew each time, so they share one; a large one, which takes minutes
 * to write on CQL, keeps its own.
 */
export const folderOf = (kind: Kind, rows: number): string => (rows > 100_000 ? `${kind}-${rows}` : kind)

type PlanOptions = Pick<Options, 'quick' | 'rows' | 'only' | 'database'>
