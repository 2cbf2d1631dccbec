import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

test('a diagnosis that hangs ends when its time is over, and says at which step', () => {
  const script = join(import.meta.dirname, 'hanging-diagnosis.ts')
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 10_000 })
  expect(stdout).toMatch(
    /✗ port +\d+(\.\d+)? ms\n +COMPOSE_X_URL: no answer within 200 ms\.\n +→ Check the route\./,
  )
  expect(stdout).toContain('- login            not tried')
  expect(stdout).toContain('X: not connected.')
  expect(status).toBe(1)
})
