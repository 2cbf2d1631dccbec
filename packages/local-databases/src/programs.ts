import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Where a program is: on the PATH, or where servers are that are not on every user's PATH; undefined if nowhere. */
export const onPath = async (program: string): Promise<string | undefined> => {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/usr/libexec',
  ]
  for (const folder of folders) {
    const file = join(folder, program)
    if (await succeeds(access(file, constants.X_OK))) return file
  }
  return undefined
}

/** Whether the work ends without an error. */
export const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )

/**
 * Runs a program to its end. Once the signal is aborted the program is interrupted, as by Ctrl-C, and its end waited for:
 * apt and Maven leave things in order then.
 *
 * @throws the signal's reason when it was aborted; an Error with `stdout` and `stderr` when the program fails
 */
export const run = async (
  program: string,
  args: readonly string[],
  { signal, ...options }: { signal: AbortSignal; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<void> => {
  signal.throwIfAborted()
  const running = promisify(execFile)(program, args, { ...options, maxBuffer: 64 * 2 ** 20 })
  const interrupt = () => running.child.kill('SIGINT')
  signal.addEventListener('abort', interrupt)
  try {
    await running
  } finally {
    signal.removeEventListener('abort', interrupt)
    signal.throwIfAborted()
  }
}

/**
 * A command that gets SIGTERM when this process ends, however it does: on Linux, where the kernel sees to it (prctl(2),
 * PR_SET_PDEATHSIG). Elsewhere it is the command itself.
 */
export const endingWithUs = (command: string, args: readonly string[]): [string, string[]] =>
  process.platform === 'linux'
    ? ['setpriv', ['--pdeathsig', 'TERM', '--', command, ...args]]
    : [command, [...args]]

/** This process's environment, for Java: where the locale is C, it finds no file whose path has an ä in it. */
export const withUtf8 = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C.UTF-8' })

/** What a program prints, standard output and error; the empty string when it cannot be run or fails. */
export const outputOf = async (program: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(program, args).catch(() => ({
    stdout: '',
    stderr: '',
  }))
  return stdout + stderr
}
