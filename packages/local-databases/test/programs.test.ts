import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { run } from '../src/programs.ts'
import { freshDirectory, removeDirectories, waitUntil } from './machine.ts'

afterAll(removeDirectories)

test('a program that runs is interrupted when that is asked for, and its end waited for', async () => {
  const cwd = freshDirectory()
  const interruption = new AbortController()
  const program = "trap 'sleep 0.3; touch over; exit 1' INT; touch begun; while :; do sleep 0.05; done"
  const running = run('sh', ['-c', program], { cwd, signal: interruption.signal })
  running.catch(() => {}) // awaited below
  await waitUntil('it runs', 10, () => existsSync(join(cwd, 'begun')))
  interruption.abort()
  await expect(running).rejects.toThrow(/aborted/)
  expect(existsSync(join(cwd, 'over'))).toBe(true)
})
