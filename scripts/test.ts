// `npm test`: sets up what is missing, then lint, types, dead code and every test. scripts/bootstrap.js starts it.
//   npm test -- --filter=example-mysql    one package's: what follows -- is turbo's
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findChromium } from 'conformance/browser'
import { installPackages } from 'local-databases/packages'
import { type Say, sayWhatTakesLong } from './progress.ts'
import { provisionDatabases } from './provision-databases.ts'
import { turbo } from './turbo.ts'

type Counts = { passed: number; failed: number }

const root = join(import.meta.dirname, '..')
const more = process.argv.slice(2)
let isInterrupted = false

const test = async (): Promise<void> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (isInterrupted = true)) // turbo hears it too
  await setUp()
  const results: Counts[] = []
  for (const part of [lint, types, deadCode, tests]) {
    results.push(await part())
    if (isInterrupted) process.exit(1)
  }
  const passed = results.reduce((sum, counts) => sum + counts.passed, 0)
  const failed = results.reduce((sum, counts) => sum + counts.failed, 0)
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}

/** Gets what is missing. What cannot be had is said here, and fails the tests that need it. */
const setUp = async (): Promise<void> => {
  const says = { scylla: sayWhatTakesLong('scylla'), mysql: sayWhatTakesLong('mysql') }
  const provisioned = provisionDatabases(['scylla', 'mysql'], (kind, doing) => says[kind](doing))
  for (const result of await Promise.allSettled(provisioned.values())) {
    if (result.status === 'rejected') console.error((result.reason as Error).message)
  }
  says.scylla()
  says.mysql()
  await provideChromium(sayWhatTakesLong('chromium'))
  if (isInterrupted) process.exit(1)
}

const provideChromium = async (say: Say): Promise<void> => {
  if (chromium() !== undefined) return
  console.log('For the tests in a browser, this installs chromium (system package, 80 MB, 350 MB unpacked).')
  await installPackages(['chromium'], say).catch((error: Error) => console.error(error.message))
  say()
}

const chromium = (): string | undefined => {
  try {
    return findChromium()
  } catch {
    return undefined
  }
}

const lint = (): Promise<Counts> => check('lint', ['lint', '--continue', '--output-logs=errors-only'])
const types = (): Promise<Counts> => check('types', ['typecheck', '--continue', '--output-logs=errors-only'])

const check = async (name: string, args: readonly string[]): Promise<Counts> => {
  const { code, output } = await turbo([...args, ...more])
  return checked(name, code === 0, output)
}

const deadCode = async (): Promise<Counts> => {
  const { status, stdout, stderr } = spawnSync('knip', ['--no-progress'], { cwd: root, encoding: 'utf8' })
  return checked('dead code', status === 0, stdout + stderr)
}

const checked = (name: string, isRight: boolean, output: string): Counts => {
  console.log(isRight ? `${name}: passed` : `${output}\n${name}: failed`)
  return isRight ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** One after the other: databases and browsers need both cores. */
const tests = async (): Promise<Counts> => {
  const dry = await turbo(['test', '--dry=json', ...more])
  const { tasks }: { tasks: { task: string; command: string; directory: string }[] } = JSON.parse(
    dry.output.slice(dry.output.indexOf('{')),
  )
  const folders = tasks.flatMap(({ task, command, directory }) =>
    task === 'test' && command !== '<NONEXISTENT>' ? [directory] : [],
  )
  // Written by the tests, or by turbo when it answers from its cache: what an earlier run left must not count.
  for (const folder of folders) rmSync(join(root, folder, resultsFile), { force: true })
  const { code } = await turbo(['test', '--continue', '--concurrency=1', '--output-logs=new-only', ...more], {
    stdio: 'inherit',
    env: { TEST_MACHINE: versionsHere() },
  })
  const counts = folders.map(countsOf)
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed }
}

const resultsFile = join('test-results', 'results.json')

const countsOf = (folder: string): Counts => {
  const file = join(root, folder, resultsFile)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  console.log(`${folder}: no test ran`)
  return { passed: 0, failed: 1 }
}

/** What tests depend on beside the files of this repository: with another server or browser they run again. */
const versionsHere = (): string =>
  [
    [chromium() ?? 'chromium', '--version'],
    ['docker', 'version', '--format', '{{.Server.Version}}'],
    ['java', '--version'],
    ['mysqld', '--version'],
    [join(root, '.local/mysql-server/mysqld'), '--version'],
    ['mariadbd', '--version'],
  ]
    .map(([program = '', ...args]) => spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '')
    .join('')

await test()
