import { describe, expect, test } from '@jest/globals'
import { measureLoad } from '../src/measure-load.ts'
import { fileWorks } from '../src/works-on-files.ts'
import { listWork } from '../src/works-on-words.ts'

const once = { rounds: 1, seconds: 1, warmUpSeconds: 0, latencySeconds: 0, source: true }

describe('what needs no database', () => {
  test.each(fileWorks().map((work) => [work.name, work] as const))(
    '%s: the stop and the limit give the same right answer',
    async (_, work) => {
      const measured = await measureLoad(work, null, once)
      expect(measured.map(({ server, fault }) => ({ server, fault }))).toEqual([
        { server: 'limit', fault: undefined },
        { server: 'ours', fault: undefined },
      ])
      for (const { rounds } of measured) {
        expect(rounds[0]?.requests).toBeGreaterThan(10)
        expect(rounds[0]?.failed).toBe(0)
      }
    },
  )
})

test('a wrong first answer, and a server that does not start, are rows that failed', async () => {
  // The stop without a database has no words, and there is no express without one.
  const work = listWork(100, ['ours', 'express', 'limit'])
  const measured = await measureLoad({ ...work, rows: 100 }, null, { ...once, patienceMs: 20_000 })

  expect(measured.map(({ server, rounds }) => [server, rounds.length])).toEqual([
    ['ours', 0],
    ['express', 0],
    ['limit', 0],
  ])
  expect(measured[0]?.fault).toMatch('answered wrongly: 0 rows, not 100')
  expect(measured[1]?.fault).toMatch('exit code 1')
  expect(measured[2]?.fault).toMatch('no server gave a right answer')
})
