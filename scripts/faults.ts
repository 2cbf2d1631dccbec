// `pnpm test:faults`: what both stops do when their databases and the network fail them; summaries are printed.
//   pnpm test:faults --full    as long and as often as the claims say: half an hour
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { endingWithUs } from 'local-databases/programs'
import { databasesOf, provisionAll } from './provision-all.ts'

const root = join(import.meta.dirname, '..')
const isFull = process.argv.includes('--full')

/** The test files of each stop, and which of their tests. */
const suites = {
  'example-mysql': [['faults', 'failover', 'outage', 'once'], ''],
  'example-scylla': [['conformance'], 'faults|disturbances|three members|kills'],
} as const

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interruption.abort())
const databases = new Map(databasesOf(['mysql', 'scylla'], { isNativeToo: true }))
const warn = (name: string, doing: string) => doing.startsWith('Warning:') && console.log(`${name}: ${doing}`)
const provisioned = await Promise.allSettled(provisionAll(databases, interruption.signal, warn).values())
for (const one of provisioned) if (one.status === 'rejected') console.error((one.reason as Error).message)
let failed = provisioned.filter(({ status }) => status === 'rejected').length
const env = { ...process.env, ...(isFull && { FAULTS: 'full' }) }
for (const [app, [files, names]] of failed > 0 ? [] : Object.entries(suites)) {
  if (interruption.signal.aborted) process.exit(1)
  const args = ['--filter', app, 'test', ...files, ...(names === '' ? [] : ['-t', names])]
  const child = spawn(...endingWithUs('pnpm', args), { cwd: root, stdio: 'inherit', env })
  const end = () => child.kill('SIGTERM')
  interruption.signal.addEventListener('abort', end)
  const [code] = await once(child, 'close')
  interruption.signal.removeEventListener('abort', end)
  if (code !== 0) failed++
}
process.exit(failed > 0 ? 1 : 0)
