// `npm start`: runs every stop, each with a database of its own. scripts/bootstrap.js starts it.
import { type Lease, lease, serveBreaking } from 'local-databases'
import { type Say, sayWhatTakesLong } from './progress.ts'
import { databasesOf, provisionAll } from './provision-all.ts'
import { type RunningStop, runStop, urlOf } from './run-stop.ts'
import { type Row, stopTable } from './stop-table.ts'
import { addressOf, environmentOf, needsDatabase, type Stop, stops } from './stops.ts'
import { turbo } from './turbo.ts'

const running: RunningStop[] = []
const leases: Lease[] = []
/** Ends what lets the stops' pages break their databases. */
const closing: (() => Promise<void>)[] = []
/** What the stops warn of before the table is printed: told after it. */
const held: string[] = []
let tell = (trouble: string): void => void held.push(trouble)
const ending = new AbortController()
let started: Promise<unknown> = Promise.resolve()

const start = async (): Promise<void> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end())
  const pageIsBuilt = buildPage()
  const says = new Map(stops.map(({ name, kind }) => [kind, sayWhatTakesLong(name)]))
  const kinds = stops.flatMap((stop) => (stop.kind !== undefined && needsDatabase(stop) ? [stop.kind] : []))
  const databases = new Map(databasesOf(kinds))
  const provisioned = provisionAll(databases, ending.signal, (kind, doing) => says.get(kind)?.(doing))
  const rowsOfStops = Promise.all(
    stops.map(async (stop): Promise<Row> => {
      const began = performance.now()
      const seconds = () => (performance.now() - began) / 1000
      const say = says.get(stop.kind) ?? sayWhatTakesLong(stop.name)
      try {
        const database = await databaseFor(stop, stop.kind && provisioned.get(stop.kind), say)
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
  started = rowsOfStops
  const rows = await rowsOfStops
  if (ending.signal.aborted) return
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
  const granted = await lease(kind, { onProgress: say, signal: ending.signal })
  leases.push(granted)
  const breaking = await serveBreaking(granted)
  closing.push(breaking.close)
  return breaking.env
}

const runUntilReady = async (stop: Stop, database: Record<string, string>, say: Say) => {
  ending.signal.throwIfAborted()
  const env = environmentOf(stop)
  const address = addressOf(stop, env)
  const child = await runStop(stop.folder, {
    env: { ...env, ...database },
    ...address,
    onTrouble: (line) => tell(`${stop.name}  ${line}`),
    onProgress: say,
  })
  running.push(child)
  if (ending.signal.aborted) void child.end()
  return { url: urlOf(address), health: await child.ready }
}

const buildPage = async (): Promise<void> => {
  const { code, output } = await turbo(['build', '--filter=frontend', '--output-logs=errors-only'])
  if (code !== 0) throw new Error(`The page could not be built:\n${output}`)
}

/** Ends the stops, then their databases: ten seconds at most, however long requests or a database would take. */
const end = async (code = 0): Promise<never> => {
  if (ending.signal.aborted) return new Promise(() => {}) // a terminal and npm may both tell us
  ending.abort()
  tell = () => {}
  setTimeout(() => process.exit(code), 9500)
  const say = sayWhatTakesLong('ending')
  say('waiting for the stops, and for what was just starting')
  await Promise.all([started, ...running.map((stop) => stop.end())])
  say('stopping the databases')
  await Promise.all(closing.map((close) => close()))
  await Promise.all(leases.map((granted) => granted.release()))
  process.exit(code)
}

await start()
