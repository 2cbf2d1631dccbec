import { describe, expect, test } from '@jest/globals'
import { but503, soakResultOf } from '../src/measure-soak.ts'
import { staleResultOf } from '../src/measure-stale.ts'
import type { Result } from '../src/results.ts'
import { targetTable } from '../src/target-table.ts'
import { verdictsOf } from '../src/targets.ts'
import { listRow, loadRow } from './made-up.ts'

const labels = { run: 'now', database: 'mysql', work: 'any' }

/** What became of the target that is called so, on MySQL unless told otherwise. */
const verdict = (results: Result[], what: RegExp, database = 'mysql') => {
  const found = verdictsOf(results).filter((one) => what.test(one.what) && one.database === database)
  expect(found).toHaveLength(1)
  return found[0]
}

describe('a ratio', () => {
  const one = 'ours, one query a request'
  const cpu = /words100: one query a request, CPU/

  test('of processor time is that of the least of the rounds', () => {
    const met = [loadRow('words100', one, { us: 110 }), loadRow('words100', 'floor')]
    expect(verdict(met, cpu)).toMatchObject({ measured: 1.1, wanted: 'at most 1.1', verdict: 'met' })
    const missed = [loadRow('words100', one, { us: 111 }), loadRow('words100', 'floor')]
    expect(verdict(missed, cpu)).toMatchObject({ measured: 1.11, verdict: 'MISSED' })
  })

  test('of requests a second is that of the medians', () => {
    const rows = [loadRow('words100', 'ours', { perSecond: 6000 }), loadRow('words100', 'express')]
    expect(verdict(rows, /words100: .*express/)).toMatchObject({ measured: 6, verdict: 'met' })
  })

  test('has another limit on CQL than on MySQL', () => {
    const on = { database: 'scylla' }
    const rows = [loadRow('words100', 'ours', { ...on, perSecond: 7000 }), loadRow('words100', 'express', on)]
    expect(verdict(rows, /words100: .*express/, 'scylla')).toMatchObject({
      wanted: 'at least 8',
      verdict: 'MISSED',
    })
  })

  test('says what is to be known about it: servers that were not compiled, or not the limit', () => {
    const cold = [loadRow('words100', one, { isWarm: false }), loadRow('words100', 'floor')]
    expect(verdict(cold, cpu)).toMatchObject({ verdict: 'met', remark: 'not compiled yet' })
    const waiting = [
      loadRow('words100', 'ours', { perSecond: 7000 }),
      loadRow('words100', 'express', { busy: 0.8 }),
    ]
    const found = verdict(waiting, /words100: .*express/)
    expect(targetTable(found ? [found] : [])).toContain('| met; their processor was not the limit |')
    const warm = [loadRow('words100', one), loadRow('words100', 'floor')]
    expect(verdict(warm, cpu)?.remark).toBeUndefined()
  })

  test('of rows of two runs is none', () => {
    const rows = [loadRow('words100', one, { run: 'before' }), loadRow('words100', 'floor')]
    expect(verdict(rows, cpu)).toMatchObject({ measured: null, verdict: 'not measured' })
  })

  test('with a server that answered wrongly has failed, however fast that was', () => {
    const rows = [loadRow('words100', one, { us: 1, failed: 3 }), loadRow('words100', 'floor')]
    expect(verdict(rows, cpu)).toMatchObject({ measured: null, verdict: 'failed' })
  })

  test('of pages may be neither dearer nor cheaper by a tenth', () => {
    const pages = (us: number) => [
      loadRow('page', 'ours, last page'),
      loadRow('page-of-many', 'ours, last page', { us }),
    ]
    const last = /in a small one, last page/
    expect(verdict(pages(109), last)?.verdict).toBe('met')
    expect(verdict(pages(111), last)?.verdict).toBe('MISSED')
    expect(verdict(pages(89), last)?.verdict).toBe('MISSED')
  })
})

test('writes that share a commit are not held against those of a floor that does not', () => {
  const rows = [
    loadRow('put', 'floor', { us: 49 }),
    loadRow('put', 'ours, one query a request', { us: 77 }),
    loadRow('put', 'ours', { us: 24 }),
  ]
  expect(verdict(rows, /PUT: one query .* CPU/)).toMatchObject({ verdict: 'MISSED', wanted: 'at most 1.15' })
  expect(verdict(rows, /PUT: words that share/)).toMatchObject({ verdict: '-', wanted: '-' })
})

describe('the whole list', () => {
  const slow = listRow('ours', { clients: 10, bytesPerSecond: 1e6, peakRss: 139, firstByteMs: 1200 })

  test('is held against the worst way that it was read', () => {
    const rows = [listRow('floor'), listRow('ours', { totalMs: 1150 }), slow]
    expect(verdict(rows, /peak memory/)).toMatchObject({ measured: 139, verdict: 'met' })
    expect(verdict(rows, /above idle/)).toMatchObject({ measured: 49, verdict: 'met' })
    expect(verdict(rows, /first byte/)).toMatchObject({ measured: 1200, verdict: 'MISSED' })
    expect(verdict(rows, /floor that streams/)).toMatchObject({ measured: 1.15, verdict: 'met' })
  })

  test('of fewer rows is another work', () => {
    const rows = [listRow('floor', { rows: 20_000 }), listRow('ours', { rows: 20_000 })]
    expect(verdict(rows, /peak memory/)?.verdict).toBe('not measured')
    expect(verdict(rows, /not all of it/)?.verdict).toBe('met')
  })

  test('that was not whole once has failed', () => {
    const rows = [listRow('floor'), listRow('ours'), { ...slow, failed: 1, fault: 'broken off' }]
    expect(verdict(rows, /not all of it/)).toMatchObject({ measured: 1, verdict: 'MISSED' })
    expect(verdict(rows, /peak memory/)).toMatchObject({ verdict: 'failed' })
  })
})

describe('lists older than their request', () => {
  const of = (stale: number, statements: number, pairs = 100_000): Result => ({
    ...labels,
    ...staleResultOf(pairs, stale, { requests: 1000, statements }),
  })

  test('are none where reads were shared, or the target is missed', () => {
    expect(verdict([of(0, 300)], /older/)).toMatchObject({ measured: 0, verdict: 'met' })
    expect(verdict([of(2, 300)], /older/)).toMatchObject({ measured: 2, verdict: 'MISSED' })
    expect(verdict([of(0, 300, 2000)], /older/)?.verdict).toBe('not measured')
  })

  test('say nothing where no reads were shared', () => {
    expect(of(0, 1000).fault).toBe('nothing was shared: 1000 statements for 1000 lists')
    expect(verdict([of(0, 1000)], /older/)?.verdict).toBe('failed')
    expect(verdict([of(0, 0)], /older/)?.verdict).toBe('failed')
  })
})

describe('mixed load', () => {
  const soak = (rss: number[], sockets: number[], failed = 0, minutes = 20): Result => {
    const samples = rss.map((each, n) => ({ rss: each, handles: 40, sockets: sockets[n] ?? 0 }))
    return { ...labels, ...soakResultOf(minutes, samples, [{ requests: 10, failed, seconds: 1 }]) }
  }
  const flat = [20, 20, 20, 20, 20, 20]
  const steady = [60, 80, 100, 101, 100, 103]
  const growing = [60, 80, 100, 101, 120, 130]

  test('that lets something grow is seen in the last third, and warming up is not', () => {
    expect(verdict([soak(steady, flat)], /mixed/)?.verdict).toBe('met')
    expect(verdict([soak(growing, flat)], /mixed/)?.verdict).toBe('MISSED')
    expect(verdict([soak(steady, flat, 0, 5)], /mixed/)?.verdict).toBe('not measured')
    expect(verdict([soak(steady, [20, 20, 20, 20, 20, 25])], /mixed/)?.verdict).toBe('MISSED')
  })

  test('is told nothing of a database that is late while it warms up, and everything else', () => {
    const faults = { 'status 503': 3, 'another body': 1 }
    const outcome = { requests: 10, seconds: 1 }
    expect(but503({ ...outcome, failed: 4, faults })).toEqual({
      ...outcome,
      failed: 1,
      faults: { 'another body': 1 },
    })
    expect(but503({ ...outcome, failed: 0 })).toMatchObject({ requests: 10, failed: 0 })
  })

  test('that was answered wrongly once has failed, however flat it was', () => {
    expect(verdict([soak(steady, flat, 1)], /mixed/)).toMatchObject({ measured: null, verdict: 'failed' })
    expect(verdict([soak(growing, flat, 1)], /mixed/)?.verdict).toBe('MISSED')
  })
})

test('what was not measured is in the table as well', () => {
  const table = targetTable(verdictsOf([]))
  expect(table.split('\n').length).toBeGreaterThan(30)
  expect(table).not.toMatch(/met|MISSED/)
  expect(table).toMatch(
    /\| GET \/: requests\/s by those of the limit +\| no database \| - +\| at least 0.6 +\| not measured \|/,
  )
})
