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
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  return undefined
}

/** What a program prints, standard output and error; the empty string when it cannot be run or fails. */
export const outputOf = async (program: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(program, args).catch(() => ({
    stdout: '',
    stderr: '',
  }))
  return stdout + stderr
}
