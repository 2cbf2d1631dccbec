import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

test('npm test fails where no test runs, and says so in its last line', () => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const root = join(import.meta.dirname, '..', '..')
  const args = [join(root, 'scripts/test.ts'), '--filter=./docs'] // where no package is
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })

  expect(stdout.trim().split('\n').at(-1)).toBe('3 passed, 1 failed') // lint, types and dead code have passed
  expect(stdout).toContain('no test ran')
  expect(status).toBe(1)
}, 120_000)
