import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '..', '..')

test('npm test fails where no test runs, and says so in its last line', () => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const args = [join(root, 'scripts/test.ts'), '--filter=./docs'] // where no package is
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })

  expect(stdout.trim().split('\n').at(-1)).toBe('3 passed, 1 failed') // lint, types and dead code have passed
  expect(stdout).toContain('no test ran')
  expect(status).toBe(1)
}, 120_000)

test('npm test says how to get a browser where apt has none, and asks apt for nothing that it has not', () => {
  const { NODE_OPTIONS: _, CHROMIUM_PATH: _path, ...env } = process.env
  // Stubs of all that it runs: what is installed here, and what apt has, is not for a test to choose.
  const programs = mkdtempSync(join(tmpdir(), 'npm-test-'))
  const stub = (name: string, script: string) =>
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  stub(
    'apt-cache',
    'echo "apt | 3.0 | https://deb.example.com"; echo "mariadb-server-core | 11.8 | https://deb.example.com"',
  )
  stub('apt-get', 'echo "apt-get $*"')
  stub('turbo', `echo '{ "tasks": [] }'`)
  stub('knip', '')
  const given = {
    COMPOSE_SCYLLA_URL: 'https://u:p@db.example.com',
    COMPOSE_MYSQL_URL: 'mysql://u:p@db.example.com/d',
  }
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/test.ts')], {
    cwd: root,
    env: { ...env, ...given, PATH: programs },
    encoding: 'utf8',
  })
  rmSync(programs, { recursive: true })

  expect(stderr).toMatch(/^This machine's apt has no chromium\. Install Google Chrome, or set CHROMIUM_PATH/m)
  expect(stdout + stderr).not.toMatch(/chromium \(80 MB|Missing: .*chromium|Installing .*chromium/)
})
