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

test('each line has the moment it was made, to the millisecond, also when the clock is put back', async () => {
  const second = Date.UTC(2026, 10, 26, 9, 59, 59)
  const moments = [second, second + 7, second + 999, second + 1000, second + 1080, second + 6]
  const { ended } = runProcess('log.ts', { LOG_LEVEL: 'fatal', MOMENTS: JSON.stringify(moments) })
  const lines = (await ended).out.trim().split('\n')
  expect(lines.map((line) => Date.parse(JSON.parse(line).time))).toEqual(moments)
})
