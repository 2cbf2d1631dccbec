import { parseArgs } from 'node:util'
import type { ConnectionReport } from 'contract'
import { type FaultAt, sentence } from './faults.ts'
import type { ServerFacts } from './keep-connected.ts'
import { stepPrinter } from './print-steps.ts'
import { timedOut } from './probe.ts'
import { reportOf } from './report.ts'
import { recordSteps, type Steps } from './steps.ts'

type Options<Config> = {
  stop: string
  title: string
  /** The environment, typed; what it throws says what is wrong with it. */
  readConfig: (environment: NodeJS.ProcessEnv) => Config
  /** host:port of each server, as the URL names them. */
  servers: (config: Config) => readonly string[]
  faultOf: (config: Config) => (error: unknown, server: string | null) => FaultAt
  /**
   * Goes the six steps and closes what it opened. It only reads, and creates nothing; with `write` it also writes
   * a row, and leaves nothing behind.
   */
  go: (config: Config, steps: Steps, options: { write: boolean; signal: AbortSignal }) => Promise<ServerFacts>
  /** Milliseconds for all steps together, whatever the network does; 12,000 unless given, of the 15 s that it may take. */
  limitMs?: number
}

/**
 * The command `diagnose`: goes the six steps against the database of the environment, prints each as it ends, and
 * ends the process with 0 (all well, or warnings), 1 (something failed) or 2 (it cannot be tried: the configuration).
 *
 *   diagnose [--json] [--write] [--help]
 */
export const diagnose = async <Config>(options: Options<Config>): Promise<never> => {
  const { stop, title, readConfig, servers, faultOf, go, limitMs = 12_000 } = options
  const known = { json: { type: 'boolean' }, write: { type: 'boolean' }, help: { type: 'boolean' } } as const
  let asked = { json: false, write: false, help: false }
  let config: Config
  try {
    asked = { ...asked, ...parseArgs({ options: known }).values }
    if (asked.help) {
      console.log(usage(stop))
      process.exit(0)
    }
    config = readConfig(process.env)
  } catch (error) {
    const { message } = error as Error
    if (asked.json) console.log(JSON.stringify({ stop, title, ...untried(message), hidden: false }, null, 2))
    else process.stderr.write(`${message}\n`)
    process.exit(2)
  }

  const { json, write } = asked
  const printer = stepPrinter(servers(config), 'the database', json ? () => {} : console.log)
  const steps = recordSteps(servers(config), faultOf(config), printer.step)
  if (!json) console.log(title)
  const { database, reason } = await within(
    limitMs,
    steps,
    (signal) => go(config, steps, { write, signal }),
    (error) => sentence(faultOf(config)(error, null)),
  )
  const report = reportOf({ steps: steps.report(), reason, isTried: true, database, live: null })
  const full: ConnectionReport = { stop, title, ...report, hidden: false }
  if (json) console.log(JSON.stringify(full, null, 2))
  else {
    printer.end()
    const isTold = [...report.servers.flatMap((server) => server.steps), ...report.steps].some(
      ({ state }) => state === 'failed',
    )
    if (reason !== undefined && !isTold) console.log(`\n${reason}`)
    console.log(`\n${summaryOf(full)}`)
  }
  process.exit(report.state === 'failed' ? 1 : 0)
}

/** Goes the steps, and gives up what is under way when the time is over. */
const within = async (
  ms: number,
  steps: Steps,
  go: (signal: AbortSignal) => Promise<ServerFacts>,
  inWords: (error: unknown) => string,
): Promise<{ database: ServerFacts | null; reason: string | undefined }> => {
  // Not AbortSignal.timeout, whose timer lets the process end while nothing else is going on.
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), ms)
  const late = Promise.withResolvers<never>()
  giveUp.signal.addEventListener('abort', () => {
    const error = timedOut('answer', ms)
    steps.abort(error)
    late.reject(error)
  })
  try {
    return { database: await Promise.race([go(giveUp.signal), late.promise]), reason: undefined }
  } catch (error) {
    return { database: null, reason: inWords(error) }
  } finally {
    clearTimeout(timer)
  }
}

const summaryOf = ({ title, database, state }: ConnectionReport): string => {
  const name = database === null ? title : `${database.name} ${database.version}`
  if (state === 'failed') return `${title}: not connected.`
  return `${name}: connected${state === 'warning' ? ', with warnings' : ''}.`
}

/** A report of nothing, in the shape of all others. */
const untried = (reason: string) => {
  const steps = { servers: [], steps: [] }
  return reportOf({ steps, reason, isTried: true, database: null, live: null })
}

const usage = (stop: string) => `Usage: pnpm --filter ${stop} diagnose [--json] [--write]

Goes the six steps of the connection to the database that the environment names, or to the local one,
and says of each what it found, and what to do where it fails. It only reads, and creates nothing.

  --json    the report as JSON: what GET /connection answers
  --write   also writes a row, and takes it back

It ends with 0 when all is well or there are warnings, 1 when something failed, 2 when it cannot be tried
(pnpm --filter makes a 1 of the 2; pnpm -C apps/${stop} diagnose leaves it).`
