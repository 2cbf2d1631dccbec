#!/usr/bin/env node
/**
 * with-database [--breakable] KIND [KIND…] -- COMMAND [ARGUMENT…]
 *
 * Runs a command with databases to use, in the variables that the stops read; installs what is missing first. They run
 * for as long as the command does, however often it restarts what it watches. SIGINT and SIGTERM are handed on; the
 * exit code is the command's. The command ends with this process, however that ends. With --breakable, the command may
 * break its database, where it is one of ours.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { isAgreedTo } from './ask.ts'
import { type Kind, type Lease, lease, provision, serveBreaking } from './index.ts'
import { endingWithUs } from './programs.ts'

const separator = process.argv.indexOf('--')
const isBreakable = process.argv[2] === '--breakable'
const named = process.argv.slice(isBreakable ? 3 : 2, separator) as Kind[]
const [command, ...args] = separator === -1 ? [] : process.argv.slice(separator + 1)
if (
  command === undefined ||
  named.length === 0 ||
  !named.every((kind) => kind === 'scylla' || kind === 'mysql')
) {
  console.error('Usage: with-database [--breakable] scylla|mysql … -- COMMAND [ARGUMENT…]')
  process.exit(2)
}
// A program that is to say how it is used needs no database.
const kinds = args.includes('--help') ? [] : named
// A database that .env names is given; what the environment itself sets counts more, as with node --env-file.
if (existsSync('.env')) process.loadEnvFile('.env')

const leases: Lease[] = []
const breaking: Awaited<ReturnType<typeof serveBreaking>>[] = []
const interruption = new AbortController()
let interrupted: NodeJS.Signals | undefined
let child: ReturnType<typeof spawn> | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal
    if (child === undefined) interruption.abort()
    // A terminal's Ctrl-C has reached the command already, unless it moved to a process group of its own.
    else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}
try {
  const { signal } = interruption
  for (const kind of kinds) {
    const confirm = (question: string) => isAgreedTo(question, signal)
    await provision(kind, { signal, onProgress: say(kind), ...(process.stdin.isTTY && { confirm }) })
  }
  const granted = await Promise.allSettled(
    kinds.map((kind) => lease(kind, { signal, onProgress: say(kind) })),
  )
  for (const result of granted) if (result.status === 'fulfilled') leases.push(result.value)
  for (const result of granted) if (result.status === 'rejected') throw result.reason
  if (isBreakable) for (const granted of leases) breaking.push(await serveBreaking(granted))
} catch (error) {
  if (interrupted === undefined) console.error((error as Error).message)
  await finishEarly()
}
if (interrupted !== undefined) await finishEarly()
const env = Object.assign({}, process.env, ...[...leases, ...breaking].map((one) => one.env))
child = spawn(...endingWithUs(command, args), { stdio: 'inherit', env })
child.once('error', (error) => {
  console.error(`${command} cannot be run: ${error.message}`)
  void finish(127)
})
child.once('exit', (code, signal) => void finish(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))

function finishEarly(): Promise<never> {
  return finish(interrupted === undefined ? 1 : 128 + constants.signals[interrupted])
}

async function finish(code: number): Promise<never> {
  await Promise.all(breaking.map((one) => one.close()))
  await Promise.all(leases.map((granted) => granted.release()))
  process.exit(code)
}

function say(kind: Kind): (line: string) => void {
  return (line) => console.error(`[${kind}] ${line}`)
}
