// `pnpm bench:soak`: mixed load on a stop, and whether what it holds stays the same: memory, files, sockets.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { leaveServerCore } from './machine.ts'
import { measureSoak } from './measure-soak.ts'
import { onDatabase } from './on-database.ts'
import { oneOf, orExit, whole } from './options.ts'
import { refuseGivenDatabases } from './own-databases.ts'
import { openReport } from './report.ts'
import { resultTable, titleOf } from './result-tables.ts'
import { wrongIn } from './results.ts'
import { addDatabase, thisRun } from './run.ts'
import { startServer } from './servers.ts'
import { kinds } from './work-names.ts'

const usage = `pnpm bench:soak [OPTION…]
  --database NAME   mysql (unless told otherwise) or scylla
  --minutes N       20 unless told otherwise
  --source          the stop from its source
  --record          writes the result to those of the benchmark in packages/bench`

const options = orExit(() => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      database: { type: 'string', default: 'mysql' },
      minutes: { type: 'string', default: '20' },
      source: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const minutes = whole('--minutes', values.minutes) ?? 20
  return { ...values, minutes, database: oneOf('--database', values.database, kinds) }
})

const soak = async (): Promise<void> => {
  if (options.help) return console.log(usage)
  orExit(() => {
    refuseGivenDatabases(process.env)
    if (!existsSync('/proc/self/fd')) throw new Error('This looks at /proc, which only Linux has.')
  })
  leaveServerCore()
  const { database: kind, minutes, source } = options
  const run = thisRun({ quick: false, rounds: 1, seconds: minutes * 60, source })
  const report = openReport(run, options.record)
  await onDatabase(kind, kind, source, async ({ database, facts, fill }) => {
    addDatabase(run, kind, facts)
    // And the hundred that are sent. Of a thousand, a list is 20 ms of work for three CQL members on one processor, which
    // then do not answer all clients in time: load on them, and not on the stop.
    await fill(100)
    const server = await startServer('ours', database, { env: {}, readyPath: '/readyz', source })
    try {
      report.add(kind, 'soak', [await measureSoak(server, minutes)])
    } finally {
      await server.stop()
    }
  })
  const { measured } = report
  console.log(`\n${titleOf(measured, { [run.measured]: run })}\n\n${resultTable(measured)}`)
  const isFlat = measured.every((row) => row.kind === 'soak' && row.growth <= 1.1)
  console.log(`\n${isFlat ? 'flat' : 'GROWS: the last third holds a tenth more than the middle one'}`)
  if (!isFlat || measured.some((row) => wrongIn(row) !== undefined)) process.exitCode = 1
}

await soak()
