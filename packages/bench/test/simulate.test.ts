import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import { sharedReads } from 'server/shared-reads'
import { tables } from '../src/simulate.ts'
import { readsPerQuery } from '../src/simulate-sharing.ts'

const printed = tables()

/** Whatever the widths of the columns. */
const plain = (text: string): string => text.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '-')

test('docs/scaling.md has the figures that simulate prints', () => {
  const document = plain(readFileSync(join(import.meta.dirname, '../../../docs/scaling.md'), 'utf8'))
  for (const table of printed) expect(document).toContain(plain(table))
})

/** The three times of a level at a write and at a read. */
const timesOf = (level: string, copies: string): number[] => {
  const row = plain(printed.at(-1) ?? '')
    .split('\n')
    .find((line) => line.startsWith(`|${level}|${copies}`))
  return [...(row?.matchAll(/\d+\.\d/g) ?? [])].map(Number)
}

describe('what docs/scaling.md concludes is so', () => {
  test('a write at LOCAL_QUORUM does not wait for one slow copy, and a read does', () => {
    const [writeMedian = 0, write99 = 0, write999 = 0, , read99 = 0] = timesOf('LOCAL_QUORUM', '3|')
    const [, , , , readOne99 = 0] = timesOf('LOCAL_ONE', '3|')
    expect(write99).toBeLessThan(2 * writeMedian)
    expect(write999).toBeGreaterThan(5 * writeMedian)
    expect(read99).toBeGreaterThan(readOne99)
    expect(readOne99).toBeGreaterThan(5 * write99)
  })

  test('copies far away cost time only where their answers are awaited', () => {
    const alone = timesOf('LOCAL_QUORUM', '3|')
    const with80 = timesOf('LOCAL_QUORUM', '3 + 3, 80 ms away|')
    expect(Math.abs((alone[1] ?? 0) - (with80[1] ?? 9))).toBeLessThan(0.2)
    for (const level of ['QUORUM', 'EACH_QUORUM'])
      expect(timesOf(level, '3 + 3, 80 ms away|')[0]).toBeGreaterThan(80)
  })

  test('sharedReads serves as many reads with a query as is drawn', async () => {
    jest.useFakeTimers()
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    let queries = 0
    let served = 0
    const read = sharedReads(async () => {
      queries++
      await wait(20)
    })
    const reader = async (n: number) => {
      for (;;) {
        await read()
        served++
        await wait(2 + (n % 5)) // 4 ms, give or take a half
      }
    }
    for (let n = 0; n < 32; n++) void reader(n)
    await jest.advanceTimersByTimeAsync(2000)
    jest.useRealTimers()
    const drawn = readsPerQuery(32, 20, 4)
    expect(served / queries).toBeGreaterThan(0.9 * drawn)
    expect(served / queries).toBeLessThan(1.1 * drawn)
  })
})
