import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { waitUntil } from './machine.ts'

const interrupted = 130

// On a terminal of its own: `script` makes one, and exits with the program's code.
test.each([
  ['Enter', '\r', 'true', 0],
  ['n and Enter', 'n\r', 'false', 0],
  ['the end of the input', '\x04', 'false', 0],
  ['Ctrl-C', '\x03', '', interrupted],
])('%s answers the question whether to go on', async (_, keys, answer, code) => {
  const { NODE_OPTIONS: _options, ...env } = process.env
  const program = `${process.execPath} ${join(import.meta.dirname, 'asker.ts')}`
  const terminal = spawn('script', ['--quiet', '--return', '--command', program, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  terminal.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text
  })
  await waitUntil('it asks', 10, () => shown.includes('Go on? [Y/n]'))
  terminal.stdin.write(keys)
  const [exitCode] = await once(terminal, 'close')
  expect([exitCode, /true|false/.exec(shown)?.[0] ?? '']).toEqual([code, answer])
})
