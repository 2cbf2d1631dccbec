// `npm test`: sets up what is missing, then lint, types, dead code and every test. scripts/bootstrap.js starts it.
//   npm test -- --filter=example-mysql    one package's: what follows -- is turbo's
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { findChromium } from 'conformance/browser'
import { installPackages, notInApt } from 'local-databases/packages'
import { onPath } from 'local-databases/programs'
import { sayWhatTakesLong } from './progress.ts'
import { databasesOf, type Provision, provisionAll } from './provision-all.ts'
import { turbo } from './turbo.ts'

type Counts = { passed: number; failed: number; failures?: string[] }
type Task = { task: string; package: string; command: string; directory: string }

const root = join(import.meta.dirname, '..')
const more = process.argv.slice(2)
const interruption = new AbortController()

const test = async (): Promise<void> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interruption.abort()) // turbo hears it too
  await setUp()
  const results: Counts[] = []
  for (const part of [lint, types, deadCode, tests]) {
    results.push(await part())
    if (interruption.signal.aborted) process.exit(1)
  }
  const passed = results.reduce((sum, counts) => sum + counts.passed, 0)
  const failed = results.reduce((sum, counts) => sum + counts.failed, 0)
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}

/**
 * Gets what is missing; also the databases that are programs of this machine where Docker answers, because some tests
 * look inside a server. What cannot be had is said here, and fails the tests that need it.
 */
const setUp = async (): Promise<void> => {
  const names = ['scylla', 'mysql', 'programs for tests'] as const
  const says = new Map(names.map((name) => [name, sayWhatTakesLong(name)]))
  const provisions = new Map<(typeof names)[number], Provision>([
    ...databasesOf(['scylla', 'mysql'], { isNativeToo: true }),
    ['programs for tests', provideTestPrograms],
  ])
  const provisioned = provisionAll(provisions, interruption.signal, (name, doing) => says.get(name)?.(doing))
  const results = await Promise.allSettled(provisioned.values())
  for (const say of says.values()) say()
  if (interruption.signal.aborted) process.exit(1)
  for (const result of results)
    if (result.status === 'rejected') console.error((result.reason as Error).message)
}

/** What only tests need: a browser, and the second server that speaks MySQL's protocol. */
const provideTestPrograms: Provision = async ({ confirm, ...options }) => {
  const hasMariaDb = (await onPath('mariadbd')) !== undefined
  const wanted = [
    {
      name: 'chromium',
      size: '80 MB, 350 MB unpacked',
      isThere: chromium() !== undefined,
      // Ubuntu has only a snap of it.
      otherwise: 'Install Google Chrome, or set CHROMIUM_PATH to where a Chromium is.',
    },
    {
      name: 'mariadb-server-core',
      size: '7 MB, 45 MB unpacked',
      isThere: hasMariaDb,
      otherwise: 'Install a MariaDB server.',
    },
  ].filter(({ isThere }) => !isThere)
  const unknown = await notInApt(wanted.map(({ name }) => name))
  for (const { name, otherwise } of wanted)
    if (unknown.includes(name)) console.error(`This machine's apt has no ${name}. ${otherwise}`)
  const missing = wanted.filter(({ name }) => !unknown.includes(name))
  if (missing.length === 0) return
  const list = missing.map(({ name, size }) => `${name} (${size})`).join(' and ')
  if (!(await confirm(`For the tests, this installs the system packages ${list}.`)))
    throw new Error(`Not installed, as you said: ${missing.map(({ name }) => name).join(' and ')}.`)
  await installPackages(
    missing.map(({ name }) => name),
    options,
  )
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

/**
 * How many packages are tested at the same time: as many as there are cores, as far as memory goes. One more would be a
 * minute quicker, and on a slow machine the databases under test would not keep their own time-outs. Three CQL members, a
 * browser and what tests them take 4 GB.
 */
const packagesAtOnce = (): number => {
  const byMemory = Math.floor(process.availableMemory() / (5 * 2 ** 30))
  return Math.max(1, Math.min(availableParallelism(), byMemory, 4))
}

/** Those whose tests take the longest begin first, or all cores but one would wait for them in the end. */
const longest = ['example-scylla', 'example-mysql', 'frontend', 'scripts', 'local-databases', 'server']

const tests = async (): Promise<Counts> => {
  const dry = await turbo(['test', '--dry=json', ...more])
  if (interruption.signal.aborted) process.exit(1)
  const { tasks }: { tasks: Task[] } = JSON.parse(dry.output.slice(dry.output.indexOf('{')))
  const tested = tasks.filter(({ task, command }) => task === 'test' && command !== '<NONEXISTENT>')
  const folders = tested.map(({ directory }) => directory)
  // Written by the tests, or by turbo when it answers from its cache: what an earlier run left must not count.
  for (const folder of folders) rmSync(join(root, folder, resultsFile), { force: true })
  const env = { TEST_MACHINE: versionsHere() }
  // Before all, or several would build the same.
  const { code, output } = await turbo(['build', '--output-logs=errors-only', ...more])
  if (code !== 0) return checked('build', false, output)
  const rankOf = ({ package: name }: Task) => [...longest, name].indexOf(name)
  const waiting = tested.sort((one, other) => rankOf(one) - rankOf(other)).values()
  const flags = more.filter((one) => one.startsWith('--') && !one.startsWith('--filter'))
  let isPassed = true
  const work = async () => {
    for (const { package: name } of waiting) {
      const args = ['test', `--filter=${name}`, '--only', '--output-logs=new-only', ...flags]
      if ((await turbo(args, { stdio: 'inherit', env })).code !== 0) isPassed = false
      if (interruption.signal.aborted) process.exit(1)
    }
  }
  await Promise.all(Array.from({ length: packagesAtOnce() }, work))
  const counts = folders.map(countsOf)
  for (const { failures = [] } of counts) for (const failure of failures) console.log(failure)
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  if (passed === 0 && failed === 0) console.log('no test ran')
  return { passed, failed: failed === 0 && (!isPassed || passed === 0) ? 1 : failed }
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
