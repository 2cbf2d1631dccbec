// `npm start`: runs every stop, each with a database of its own. scripts/bootstrap.js starts it.
import { join } from 'node:path'
import { type Lease, lease } from 'local-databases'
import { type Say, sayWhatTakesLong } from './progress.ts'
import { provisionDatabases } from './provision-databases.ts'
import { type RunningStop, runStop, urlOf } from './run-stop.ts'
import { type Row, stopTable } from './stop-table.ts'
import { addressOf, environmentOf, needsDatabase, type Stop, stops } from './stops.ts'
import { turbo } from './turbo.ts'

const running: RunningStop[] = []
const leases: Lease[] = []
/** What the stops warn of before the table is printed: told after it. */
const held: string[] = []
let tell = (trouble: string): void => void held.push(trouble)

const start = async (): Promise<void> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end())
  const pageIsBuilt = buildPage()
  const says = new Map(stops.map(({ name, kind }) => [kind, sayWhatTakesLong(name)]))
  const provisioned = provisionDatabases(
    stops.flatMap((stop) => (stop.kind !== undefined && needsDatabase(stop) ? [stop.kind] : [])),
    (kind, doing) => says.get(kind)?.(doing),
  )
  const rows = await Promise.all(
    stops.map(async (stop): Promise<Row> => {
      const began = performance.now()
      const seconds = () => (performance.now() - began) / 1000
      const say = says.get(stop.kind) ?? sayWhatTakesLong(stop.name)
      try {
        const database = await databaseFor(stop, provisioned.get(stop.kind), say)
        say('building the page')
        await pageIsBuilt
        const { url, health } = await runUntilReady(stop, database, say)
        return { stop: stop.name, url, health, seconds: seconds() }
      } catch (error) {
        return { stop: stop.name, failure: (error as Error).message, seconds: seconds() }
      } finally {
        say()
      }
    }),
  )
  if (isEnding) return
  console.log(`\n${stopTable(rows)}\n`)
  if (rows.every((row) => 'failure' in row)) await end(1)
  console.log('Ctrl-C ends them and their databases. The words stay.')
  tell = console.log
  for (const trouble of held) tell(trouble)
}

/** The variables of a database for the stop; none where it needs none of ours. */
const databaseFor = async ({ kind }: Stop, provisioned: Promise<void> | undefined, say: Say) => {
  if (kind === undefined || provisioned === undefined) return {}
  await provisioned
  say('starting its database')
  const folder = process.env.LOCAL_DATABASES // where its data is kept; .local unless given
  const granted = await lease(kind, { onProgress: say, ...(folder && { directory: join(folder, kind) }) })
  leases.push(granted)
  return granted.env
}

const runUntilReady = async (stop: Stop, database: Record<string, string>, say: Say) => {
  const env = environmentOf(stop)
  const address = addressOf(stop, env)
  const child = await runStop(stop.folder, {
    env: { ...env, ...database },
    ...address,
    onTrouble: (line) => tell(`${stop.name}  ${line}`),
    onProgress: say,
  })
  running.push(child)
  return { url: urlOf(address), health: await child.ready }
}

const buildPage = async (): Promise<void> => {
  const { code, output } = await turbo(['build', '--filter=frontend', '--output-logs=errors-only'])
  if (code !== 0) throw new Error(`The page could not be built:\n${output}`)
}

let isEnding = false
/** Ends the stops, then their databases: ten seconds at most, however long requests or a database would take. */
const end = async (code = 0): Promise<never> => {
  if (isEnding) return new Promise(() => {}) // a terminal and npm may both tell us
  isEnding = true
  tell = () => {}
  setTimeout(() => process.exit(code), 9500)
  await Promise.all(running.map((stop) => stop.end()))
  await Promise.all(leases.map((granted) => granted.release()))
  process.exit(code)
}

await start()
