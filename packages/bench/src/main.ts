// `pnpm bench`: the stops against the programs one would otherwise write, on the same databases in the same run.
import type { Kind } from 'local-databases'
import { plannedSeconds } from './budget.ts'
import { printHottest } from './hottest.ts'
import { loadResultOf } from './load-result.ts'
import { leaveServerCore } from './machine.ts'
import { measureList } from './measure-list.ts'
import { measureLoad } from './measure-load.ts'
import { measureStale } from './measure-stale.ts'
import { measureRestart, measureStart } from './measure-start.ts'
import { isNew, type OnDatabase, onDatabase } from './on-database.ts'
import { orExit, readOptions, usage } from './options.ts'
import { refuseGivenDatabases } from './own-databases.ts'
import { folderOf, planOf, type Special, type Table } from './plan.ts'
import type { Database } from './programs.ts'
import { openReport } from './report.ts'
import { resultTable, titleOf } from './result-tables.ts'
import { wrongIn } from './results.ts'
import { addDatabase, thisRun } from './run.ts'
import { targetTable } from './target-table.ts'
import type { Work } from './works.ts'

const options = orExit(() => readOptions(process.argv.slice(2)))
if (options.help) {
  console.log(usage)
  process.exit(0)
}
orExit(() => refuseGivenDatabases(process.env))
const { quick, rounds, seconds, source } = options
const run = thisRun({ quick, rounds, seconds, source })
const report = openReport(run, options.record)

const bench = async (): Promise<void> => {
  const plan = planOf(options)
  console.log(JSON.stringify(run))
  console.log(`${Math.ceil(plannedSeconds(plan, options) / 60)} minutes where nothing else runs`)
  for (const { kind, tables } of plan.databases) await writeLargeTables(kind, tables)
  leaveServerCore()
  for (const work of plan.files) await underLoad('none', work, null)
  for (const { kind, tables } of plan.databases) {
    for (const [folder, all] of Map.groupBy(tables, ({ rows }) => folderOf(kind, rows))) {
      await orSay(onDatabase(kind, folder, source, (on) => measureTables(on, all)))
    }
  }
  console.log(`\n${targetTable(report.targets())}\n\n${report.files.join('\n')}`)
  // A target that is missed is a figure; a wrong answer is a fault.
  if (report.measured.some((row) => wrongIn(row) !== undefined)) process.exitCode = 1
}

/** A database that cannot be had, or was lost, keeps the other one from nothing. */
const orSay = (work: Promise<void>): Promise<void> =>
  work.catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })

/** Before anything is measured, and so with every processor: on CQL, a million rows take minutes. */
const writeLargeTables = async (kind: Kind, tables: readonly Table[]) => {
  for (const { rows } of tables) {
    const folder = folderOf(kind, rows)
    if (folder !== kind && isNew(folder))
      await orSay(onDatabase(kind, folder, source, ({ fill }) => fill(rows)))
  }
}

const measureTables = async ({ database, facts, fill }: OnDatabase, tables: readonly Table[]) => {
  addDatabase(run, database.kind, facts)
  for (const { rows, before, works, after } of tables) {
    await fill(rows)
    for (const name of before) await special(name, database, rows)
    for (const work of works) await underLoad(database.kind, work, database)
    for (const name of after) await special(name, database, rows)
  }
}

const underLoad = async (database: string, work: Work, on: Database): Promise<void> => {
  const measured = await measureLoad(work, on, options)
  tell(
    database,
    work.name,
    measured.map((one) => loadResultOf(work, one)),
  )
  if (options.profileFolder !== undefined) printHottest(options.profileFolder, work.name)
}

const special = async (name: Special, database: OnDatabase['database'], rows: number): Promise<void> => {
  switch (name) {
    case 'start':
      return tell(database.kind, name, await measureStart(database, options))
    case 'restart':
      return tell(database.kind, name, await measureRestart(database, options))
    case 'stale':
      return tell(database.kind, name, [await measureStale(database, options)])
    case 'million':
      return tell(database.kind, name, await measureList(database, { ...options, rows }))
  }
}

const tell = (database: string, work: string, rows: Parameters<typeof report.add>[2]): void => {
  report.add(database, work, rows)
  const shown = report.measured.slice(-rows.length)
  console.log(`\n${titleOf(shown, { [run.measured]: run })}\n\n${resultTable(shown)}`)
}

await bench()
