import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from '@jest/globals'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)

const script = join(import.meta.dirname, '../src/with-database.ts')
const { NODE_OPTIONS: _, ...env } = process.env
const print = 'console.log(process.env.COMPOSE_MYSQL_URL); process.exitCode = 7'

test('a database that .env names is given to the command, whose exit code is passed on', async () => {
  const cwd = freshDirectory()
  writeFileSync(join(cwd, '.env'), 'COMPOSE_MYSQL_URL=mysql://u:p@db.example.com/compose\n')
  const args = [script, 'mysql', '--', process.execPath, '-e', print]
  const result = await promisify(execFile)(process.execPath, args, { cwd, env }).catch((error) => error)
  expect(result).toMatchObject({ code: 7, stdout: 'mysql://u:p@db.example.com/compose\n' })
})

test('SIGTERM is handed on to the command, and waited for', async () => {
  const program =
    "process.on('SIGTERM', () => { console.log('ends'); process.exit(0) }); setInterval(() => {}, 1000); console.log('runs')"
  const args = [script, 'mysql', '--', process.execPath, '-e', program]
  const given = { ...env, COMPOSE_MYSQL_URL: 'mysql://u:p@db.example.com/compose' }
  const child = spawn(process.execPath, args, { env: given, stdio: ['ignore', 'pipe', 'inherit'] })
  const [first] = await once(child.stdout, 'data')
  expect(String(first)).toBe('runs\n')
  child.kill('SIGTERM')
  const [[second], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
  expect([String(second), code]).toEqual(['ends\n', 0])
})

test('a kind that there is not is refused with the usage', async () => {
  const result = await promisify(execFile)(process.execPath, [script, 'oracle', '--', 'true'], { env }).catch(
    (error) => error,
  )
  expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: with-database') })
})
