import { expect, test } from '@jest/globals'
import { runProcess } from './process.ts'

test('the log is JSON lines, hides passwords wherever they stand, and keeps the cause of an error', async () => {
  const { ended } = runProcess('log.ts', { LOG_LEVEL: 'warn' })
  const { out } = await ended
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ msg }) => msg)).toEqual(['to mysql://user:[hidden]@host:3306/name', 'with', 'failed'])
  expect(lines[1].config).toEqual({ user: 'user', password: '[Redacted]' })
  expect(lines[2].err.message).toBe('no answer: refused by https://user:[hidden]@10.0.0.1')
  expect(lines[0]).toMatchObject({ level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/) })
  expect(out).not.toContain('secret')
})
