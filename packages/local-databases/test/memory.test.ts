import { expect, test } from '@jest/globals'
import { affordableMembers } from '../src/memory.ts'

test('with less than 4 GB free there is one CQL member instead of three, and a warning that says so', () => {
  const said: string[] = []
  const onProgress = (line: string) => void said.push(line)
  expect(affordableMembers({ onProgress }, 4 * 2 ** 30)).toBe(3)
  expect(said).toEqual([])
  expect(affordableMembers({ onProgress }, 3.5 * 2 ** 30)).toBe(1)
  expect(said).toEqual([
    'Warning: Only 3.5 GB of memory free: starting one CQL member, not three (they want 4 GB). It has words of its own.',
  ])
})
