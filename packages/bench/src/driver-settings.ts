// `pnpm --filter bench driver-settings`: what each setting of a driver costs this process per query, and how long one
// takes, on the local databases. The settings of a group are tried in interleaved rounds; the least of them counts.
import { parseArgs } from 'node:util'
import { leaveServerCore } from './machine.ts'
import { markdownTable } from './markdown-table.ts'
import { median } from './median.ts'
import { onDatabase } from './on-database.ts'
import { oneOf, orExit, whole } from './options.ts'
import { refuseGivenDatabases } from './own-databases.ts'
import { type Group, mysqlGroups, type Setting, scyllaGroups } from './settings-to-try.ts'
import { kinds } from './work-names.ts'

const options = orExit(() => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      database: { type: 'string' },
      rounds: { type: 'string', default: '7' },
    },
  })
  const database = values.database === undefined ? undefined : oneOf('--database', values.database, kinds)
  return { ...values, database, rounds: whole('--rounds', values.rounds) ?? 7 }
})

const measureGroup = async ({ title, settings, queries, inFlight }: Group): Promise<void> => {
  const cpu = new Map(settings.map((setting): [Setting, number[]] => [setting, []]))
  const took = new Map(settings.map((setting): [Setting, number[]] => [setting, []]))
  for (let round = -1; round < options.rounds; round++) {
    const offset = Math.max(0, round) % settings.length
    for (const setting of [...settings.slice(offset), ...settings.slice(0, offset)]) {
      let left = queries
      const work = async () => {
        while (left-- > 0) {
          const began = performance.now()
          await setting.query()
          if (round >= 0) took.get(setting)?.push(performance.now() - began)
        }
      }
      const before = process.cpuUsage()
      await Promise.all(Array.from({ length: inFlight }, work))
      const { user, system } = process.cpuUsage(before)
      // The first round compiles, connects and prepares.
      if (round >= 0) cpu.get(setting)?.push((user + system) / queries)
    }
  }
  const rows = settings.map((setting) => [
    setting.name,
    `${Math.min(...(cpu.get(setting) ?? [])).toFixed(0)} µs`,
    `${median(cpu.get(setting) ?? []).toFixed(0)} µs`,
    `${median(took.get(setting) ?? []).toFixed(1)} ms`,
  ])
  console.log(`\n${markdownTable([title, 'CPU per query, least', 'median', 'time, median'], rows)}`)
}

orExit(() => refuseGivenDatabases(process.env))
leaveServerCore()
for (const kind of kinds.filter((each) => (options.database ?? each) === each)) {
  // The stop is only to make the table: from its source, so that nothing has to be built before.
  await onDatabase(kind, kind, true, async ({ database, fill }) => {
    await fill(5000)
    const { groups, close } = await (kind === 'mysql' ? mysqlGroups : scyllaGroups)(database.env)
    for (const group of groups) await measureGroup(group)
    await close()
  })
}
