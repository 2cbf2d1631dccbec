/**
 * The owner of one directory's database: a process of its own, which starts the database, serves leases of it on a
 * socket, and ends it when the last lease has gone. The kernel closes a lessee's socket however the lessee ends, so
 * nothing is left running by mistake. Started by owner-client.ts, in a session of its own: Ctrl-C in a terminal reaches
 * the programs that use the database, not the database.
 *
 * JSON lines. From the lessee: {"lease": Settings}, {"id", "member", "action"}.
 * To it: {"progress"}, {"ready": Running}, {"failed"}, {"id", "error"?}.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jsonLines, sendLine } from './json-lines.ts'
import { lockDirectory } from './lock.ts'
import { connectToOwner, ownerFile } from './owner-client.ts'
import type { ControlAction, Running, Settings } from './settings.ts'
import { startDatabase } from './start.ts'

type FromLessee = { lease: Settings } | { id: number; member: number; action: ControlAction }

const settings = JSON.parse(process.argv[2] ?? '') as Settings
const { directory } = settings
const lock = await untilLocked()
const lessees = new Set<Socket>()
const ends: (() => Promise<void>)[] = []
const aborted = new AbortController()
const said: string[] = []
const running = startDatabase(settings, {
  signal: aborted.signal,
  lock,
  onEnd: (end) => ends.unshift(end),
  onProgress: (line) => {
    said.push(line)
    for (const lessee of lessees) sendLine(lessee, { progress: line })
  },
})
running.catch(() => {}) // told to each lessee, below

// An address of a socket has at most 107 bytes (104 on macOS), directories may be deeper; and Windows' own disks, of which
// WSL has clones too, hold no sockets.
const inPlace = join(directory, 'owner.sock')
const elsewhere = () => join(mkdtempSync(join(tmpdir(), 'local-database-')), 'owner.sock')
let socketPath = Buffer.byteLength(inPlace) < 100 ? inPlace : elsewhere()
// allowHalfOpen: a lessee that ends its side has gone, but its own 'close' comes only when the database has ended.
const server = createServer({ allowHalfOpen: true }, (lessee) => {
  lessees.add(lessee)
  lessee.on('error', () => leave(lessee))
  lessee.once('end', () => leave(lessee))
  jsonLines<FromLessee>(lessee, (line) => void serve(lessee, line))
})
process.umask(0o077)
server.once('error', () => {
  socketPath = elsewhere()
  listen()
})
listen()
const unused = setTimeout(() => void end(), 10_000)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end())

function listen(): void {
  rmSync(socketPath, { force: true })
  server.listen(socketPath, () =>
    writeFileSync(ownerFile(directory), JSON.stringify({ pid: process.pid, socketPath })),
  )
}

async function serve(lessee: Socket, line: FromLessee): Promise<void> {
  if ('id' in line) {
    const error = await running
      .then(({ control }) => control(line.member, line.action))
      .then(() => undefined)
      .catch((error: Error) => error.message)
    sendLine(lessee, { id: line.id, error })
    return
  }
  clearTimeout(unused)
  for (const progress of said) sendLine(lessee, { progress })
  try {
    const { control: _, ...ready } = await running
    const differences = differencesOf(line.lease, ready)
    if (differences === '') sendLine(lessee, { ready })
    else {
      const remedy = 'End what uses it, or lease another directory.'
      sendLine(lessee, { failed: `The database in ${directory} is running with ${differences}. ${remedy}` })
    }
  } catch (error) {
    sendLine(lessee, { failed: (error as Error).message })
  }
}

/** What was asked for and is otherwise, in words; empty when nothing. */
function differencesOf(asked: Settings, { chosen }: Omit<Running, 'control'>): string {
  const actual = { ...settings, ...chosen }
  return (['tls', 'certificate', 'members', 'server', 'way'] as const)
    .filter((key) => asked[key] !== undefined && asked[key] !== actual[key])
    .map((key) => `${key} ${actual[key]}, not ${asked[key]}`)
    .join(' and ')
}

function leave(lessee: Socket): void {
  lessees.delete(lessee)
  if (lessees.size === 0) void end()
  else lessee.end()
}

async function end(): Promise<void> {
  if (aborted.signal.aborted) return
  // First of all nobody can get a lease of what is about to end.
  server.close()
  rmSync(ownerFile(directory), { force: true })
  if (socketPath !== inPlace) rmSync(dirname(socketPath), { recursive: true, force: true })
  aborted.abort(new Error('The database is being ended.'))
  await Promise.race([running.catch(() => {}), delay(3000)]) // an image that is being pulled does not stop at once
  for (const endOne of ends) await endOne().catch((error: Error) => console.error(error))
  process.exit(0)
}

/** Waits for a former owner's database to end; leaves when there is an owner that serves. */
async function untilLocked(): Promise<number> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const lock = lockDirectory(directory)
    if (lock !== undefined) return lock
    const owner = await connectToOwner(directory)
    owner?.destroy()
    if (owner !== undefined) process.exit(0)
    if (performance.now() > deadline) {
      console.error(
        `${directory} is locked: another process has had it for 30 s. \`lsof ${join(directory, 'lock')}\` names it.`,
      )
      process.exit(1)
    }
    await delay(100)
  }
}
