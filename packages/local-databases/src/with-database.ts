#!/usr/bin/env node
/**
 * with-database KIND [KIND…] -- COMMAND [ARGUMENT…]
 *
 * Runs a command with databases to use, in the variables that the stops read; installs what is missing first. They run
 * for as long as the command does, however often it restarts what it watches. SIGINT and SIGTERM are handed on; the
 * exit code is the command's.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { type Kind, type Lease, lease, provision } from './index.ts'

const separator = process.argv.indexOf('--')
const kinds = process.argv.slice(2, separator) as Kind[]
const [command, ...args] = separator === -1 ? [] : process.argv.slice(separator + 1)
if (
  command === undefined ||
  kinds.length === 0 ||
  !kinds.every((kind) => kind === 'scylla' || kind === 'mysql')
) {
  console.error('Usage: with-database scylla|mysql … -- COMMAND [ARGUMENT…]')
  process.exit(2)
}
// A database that .env names is given; what the environment itself sets counts more, as with node --env-file.
if (existsSync('.env')) process.loadEnvFile('.env')

const leases: Lease[] = []
let interrupted: NodeJS.Signals | undefined
let child: ReturnType<typeof spawn> | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal
    if (child === undefined) void finish(128 + constants.signals[signal])
    // A terminal's Ctrl-C has reached the command already, unless it moved to a process group of its own.
    else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}
try {
  for (const kind of kinds)
    await provision(kind, { onProgress: say(kind), ...(process.stdin.isTTY && { confirm }) })
  const granted = await Promise.allSettled(kinds.map((kind) => lease(kind, { onProgress: say(kind) })))
  for (const result of granted) if (result.status === 'fulfilled') leases.push(result.value)
  for (const result of granted) if (result.status === 'rejected') throw result.reason
} catch (error) {
  console.error((error as Error).message)
  await finish(1)
}
if (interrupted === undefined) {
  const env = Object.assign({}, process.env, ...leases.map((granted) => granted.env))
  child = spawn(command, args, { stdio: 'inherit', env })
  child.once('error', (error) => {
    console.error(`${command} cannot be run: ${error.message}`)
    void finish(127)
  })
  child.once('exit', (code, signal) => void finish(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
}

async function finish(code: number): Promise<never> {
  await Promise.all(leases.map((granted) => granted.release()))
  process.exit(code)
}

function say(kind: Kind): (line: string) => void {
  return (line) => console.error(`[${kind}] ${line}`)
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [Y/n] `)
  terminal.close()
  return !/^n/i.test(answer.trim())
}
