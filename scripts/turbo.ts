import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs turbo at the root of the repository. What it has done before with the same inputs is answered from its cache.
 * It is told to end when we are.
 *
 * @param env variables on top of our own
 * @returns the exit code and, unless `stdio` is 'inherit', all that was printed
 */
export const turbo = async (
  args: readonly string[],
  { stdio = 'pipe', env = {} }: { stdio?: 'pipe' | 'inherit'; env?: NodeJS.Dict<string> } = {},
): Promise<{ code: number; output: string }> => {
  const child = spawn('turbo', ['run', ...args, '--no-update-notifier'], {
    cwd: root,
    stdio: ['ignore', stdio, stdio],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...env },
  })
  const end = () => child.kill('SIGTERM')
  for (const signal of signals) process.on(signal, end)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  for (const signal of signals) process.off(signal, end)
  return { code: code ?? 1, output }
}
