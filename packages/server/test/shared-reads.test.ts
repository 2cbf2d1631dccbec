import { describe, expect, test } from '@jest/globals'
import { sharedReads } from '../src/shared-reads.ts'
import { until } from './serve.ts'

/** A table whose queries look at it when they are sent, and answer when they are told to. */
const table = () => {
  const rows: string[] = []
  const sent: PromiseWithResolvers<void>[] = []
  const read = sharedReads(async () => {
    const seen = [...rows]
    const answer = Promise.withResolvers<void>()
    sent.push(answer)
    await answer.promise
    return seen
  })
  return { rows, sent, read }
}

describe('reads that come at the same time', () => {
  test('share one query, that of the first excepted', async () => {
    const { sent, read } = table()
    const reads = Array.from({ length: 32 }, read)
    sent[0]?.resolve()
    await until(() => sent.length === 2)
    sent[1]?.resolve()
    const answers = await Promise.all(reads)
    expect(sent).toHaveLength(2)
    expect(new Set(answers).size).toBe(2)
    expect(answers[1]).toBe(answers[31])
  })

  test('never join a query that runs: who has written sees what was written', async () => {
    const { rows, sent, read } = table()
    const before = read() // looks at the table now
    rows.push('written')
    const after = read()
    sent[0]?.resolve()
    await until(() => sent.length === 2)
    sent[1]?.resolve()
    expect(await before).toEqual([])
    expect(await after).toEqual(['written'])
  })

  test('join the next query also when they come in the turn in which the one before has ended', async () => {
    const { sent, read } = table()
    const reads = [read(), read()]
    sent[0]?.resolve()
    await reads[0]
    await new Promise<void>((resolve) => process.nextTick(resolve)) // all that follows of it at once has been done
    reads.push(read())
    await until(() => sent.length === 2)
    sent[1]?.resolve()
    await Promise.all(reads)
    expect(sent).toHaveLength(2)
  })

  test('do not wait for ever behind one that is not answered', async () => {
    const { sent, read } = table()
    const stuck = read()
    const second = read()
    await until(() => sent.length === 2)
    sent[1]?.resolve()
    await second
    sent[0]?.resolve()
    await stuck
  })

  test('fail together, and the next ones are sent anew', async () => {
    let queries = 0
    const read = sharedReads(async () => {
      queries++
      if (queries < 3) throw new Error(`failure ${queries}`)
      return 'rows'
    })
    const results = await Promise.allSettled([read(), read(), read()])
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.message : 'ok'))).toEqual([
      'failure 1',
      'failure 2',
      'failure 2',
    ])
    expect(await read()).toBe('rows')
  })
})
