// dev.ts COMMAND [ARGUMENT…]: `dev` of each stop. Builds the page where there is none yet, then runs the command, which
// ends with whoever started this, however that ended. The exit code is the command's.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { pageDirectory } from 'frontend'
import { endingWithUs } from 'local-databases/programs'
import { sayWhatTakesLong } from './progress.ts'
import { turbo } from './turbo.ts'

const parent = process.ppid
const wrapper = wrapperOf(parent)
const [command = '', ...args] = process.argv.slice(2)
let child: ChildProcess | undefined
let interrupted: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal
    // A terminal's Ctrl-C has reached the command already.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal)
  })
}

if (!existsSync(join(pageDirectory, 'index.html'))) {
  const say = sayWhatTakesLong('page')
  say('building it, because there is none yet')
  const { code, output } = await turbo(['build', '--filter=frontend', '--output-logs=errors-only'])
  say()
  if (interrupted !== undefined) process.exit(128 + constants.signals[interrupted])
  if (code !== 0) {
    console.error(`The page could not be built:\n${output}`)
    process.exit(1)
  }
}
child = spawn(...endingWithUs(command, args), { stdio: 'inherit' })
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
child.once('error', (error) => {
  console.error(`${command} cannot be run: ${error.message}`)
  process.exit(127)
})
const watching = setInterval(() => {
  if (!isAbandoned()) return
  clearInterval(watching) // a second signal would end the stop at once
  child?.kill('SIGTERM')
}, 1000).unref()

/**
 * Whether pnpm has ended without a word, as by SIGKILL: then this process has another parent. Where npx installed it, a
 * wrapper started pnpm, which hands no signal on: then pnpm has another parent.
 */
function isAbandoned(): boolean {
  return process.ppid !== parent || (wrapper !== undefined && parentOf(parent) !== wrapper)
}

/** On Linux, which tells of other processes by files. */
function wrapperOf(pid: number): number | undefined {
  const wrapper = parentOf(pid)
  const command = wrapper && readFile(`/proc/${wrapper}/cmdline`)
  return command && /pnpm\.mjs/.test(command) ? wrapper : undefined
}

function parentOf(pid: number): number | undefined {
  const [, ppid] = /^\d+ \(.*\) \S (\d+)/s.exec(readFile(`/proc/${pid}/stat`)) ?? []
  return ppid === undefined ? undefined : Number(ppid)
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
