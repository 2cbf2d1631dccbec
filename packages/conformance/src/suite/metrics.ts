import { METHODS } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { paths } from 'contract'
// @ts-expect-error It comes without types.
import parse from 'parse-prometheus-text-format'
import { until } from '../until.ts'
import { json, put, putJson, type Subject, unique } from './requests.ts'

type Labels = Record<string, string>
type Family = { name: string; help: string; type: string; metrics: { labels?: Labels; value: string }[] }
type Sample = { name: string; labels: Labels; value: number }

/** What Prometheus reads, looked at with a parser that has no code in common with what writes it. */
export const testMetrics = (subject: Subject): void => {
  const get = (path: string, init?: RequestInit) => fetch(`${subject.stop.url}${path}`, init)
  const scrape = async () => (await get(paths.metrics)).text()
  const samples = async (prefix = '') =>
    samplesOf(await scrape()).filter(({ name }) => name.startsWith(prefix))
  const valuesOf = async (name: string, labels: Labels = {}) =>
    (await samples())
      .filter(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )
      .map(({ value }) => value)
  const sumOf = async (name: string, labels: Labels) =>
    (await valuesOf(name, labels)).reduce((sum, value) => sum + value, 0)

  describe('the metrics', () => {
    test('are text that Prometheus reads, in names and units as it wants them', async () => {
      const response = await get(paths.metrics)
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
      expect(response.headers.get('cache-control')).toContain('no-store')
      const text = await response.text()
      const families: Family[] = parse(text)
      const names = families.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      for (const { name, help, type } of families) {
        expect(name).toMatch(/^(tour|process|nodejs)_[a-z0-9]+(_[a-z0-9]+)*$/)
        expect(name).not.toMatch(/_(ms|milliseconds|micros|minutes|kb|mb|count|sum|bucket)$/)
        expect({ name, help, type, isCounter: name.endsWith('_total') }).toEqual({
          name,
          help: expect.stringMatching(/\S/),
          type: expect.stringMatching(/^(COUNTER|GAUGE|HISTOGRAM|SUMMARY)$/),
          isCounter: type === 'COUNTER',
        })
      }
      for (const { name, value } of samplesOf(text)) expect([name, value]).toEqual([name, expect.any(Number)])
      expect(samplesOf(text).filter(({ value }) => Number.isNaN(value))).toEqual([])
    })

    test('have the process and the lag of its event loop', async () => {
      for (const name of [
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'nodejs_eventloop_lag_p99_seconds',
      ])
        expect([name, await valuesOf(name)]).toEqual([name, [expect.any(Number)]])
    })

    test('count every request and its time, by method, route and status', async () => {
      const name = 'tour_http_request_duration_seconds'
      const words = { method: 'GET', route: paths.words, status: '200' }
      const expected = [
        [words, 3],
        [{ method: 'PUT', route: paths.words, status: '204' }, 1],
        [{ method: 'PUT', route: paths.words, status: '400' }, 2],
        [{ method: 'other', route: 'none', status: '404' }, 1],
        [{ method: 'other', route: 'none', status: '405' }, 1],
      ] as const
      const counts = () => Promise.all(expected.map(([labels]) => sumOf(`${name}_count`, labels)))
      const before = await counts()
      for (let n = 0; n < 3; n++) await (await get(`${paths.words}?limit=${n + 1}`)).text()
      await putJson(subject, { word: unique('counted'), definition: 'once' })
      for (const body of ['{', '{}']) await (await put(subject, json, body)).text()
      await (await get('/nowhere')).text()
      await (await get(paths.words, { method: 'DELETE' })).text()
      // The stop may see the end of an answer later than we do.
      await until('every request to be counted', async () =>
        (await counts()).every((count, index) => count - (before[index] ?? 0) === expected[index]?.[1]),
      )
      expect(await sumOf(`${name}_sum`, words)).toBeGreaterThan(0)
      const inAll = await valuesOf(`${name}_bucket`, { ...words, le: '+Inf' })
      expect(inAll).toEqual(await valuesOf(`${name}_count`, words))
    })

    test('have no series more for a thousand odd addresses, queries and methods', async () => {
      const methods = METHODS.filter((method) => !['CONNECT', 'TRACE', 'TRACK'].includes(method)) // fetch sends none
      const odd = async (n: number) => {
        const text = unique(`${n} é"\\{}\n`)
        const method = methods[n % methods.length] ?? 'GET'
        const path = encodeURIComponent(text)
        const at = [
          `/${path}`,
          `${paths.words}/${path}`,
          `${paths.words}?${path}`,
          `${paths.words}?limit=${path}`,
        ][n % 4]
        const headers = { 'x-odd': path, 'idempotency-key': path }
        await (await get(at ?? '', { method, headers: n % 3 ? headers : {} })).text()
      }
      const send = async (count: number) => {
        const rest = Array.from({ length: count }, (_, n) => n).values()
        const sendTheRest = async () => {
          for (const n of rest) await odd(n)
        }
        await Promise.all(Array.from({ length: 16 }, sendTheRest))
      }
      await send(12 * methods.length) // every method with every kind of address and header, once
      const before = new Set((await samples('tour_')).map(seriesOf))
      await send(1000)
      const fresh = (await samples('tour_')).map(seriesOf).filter((series) => !before.has(series))
      expect(fresh.slice(0, 5)).toEqual([])
    })

    if (subject.app === 'example') {
      test('have nothing of a database where there is none', async () => {
        expect(await samples('tour_database')).toEqual([])
      })
      return
    }

    test('say that the database and each of its members can be used', async () => {
      expect(await valuesOf('tour_database_up')).toEqual([1])
      expect(await valuesOf('tour_database_reconnects_total')).toEqual([0])
      const members = await samples('tour_database_member_up')
      expect(members.length).toBeGreaterThan(0)
      for (const { labels, value } of members)
        expect([labels, value]).toEqual([{ member: expect.stringMatching(/^\d$/) }, 1])
      const connections = await valuesOf('tour_database_member_connections')
      expect(connections).toHaveLength(members.length)
      expect(Math.max(...connections)).toBeGreaterThan(0)
    })

    test('count reads and writes and their time, by the member that answered', async () => {
      const name = 'tour_database_statement_duration_seconds'
      const countOf = (kind: string, outcome: string) => sumOf(`${name}_count`, { kind, outcome })
      const reads = await countOf('read', 'ok')
      const writes = await countOf('write', 'ok')
      const failures = (await countOf('read', 'failed')) + (await countOf('write', 'failed'))
      await subject.stop.client.add({ word: unique('a statement'), definition: 'once' })
      await subject.stop.client.page(1)
      expect(await countOf('read', 'ok')).toBe(reads + 1)
      expect(await countOf('write', 'ok')).toBeGreaterThan(writes) // a word with a key may take several
      expect((await countOf('read', 'failed')) + (await countOf('write', 'failed'))).toBe(failures)
      for (const { labels } of await samples(`${name}_count`)) expect(labels.member).toMatch(/^\d$|^none$/)
      const seconds = await sumOf(`${name}_sum`, { kind: 'read', outcome: 'ok' })
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThan(3.5 * (reads + 1))
    })

    test('show the pool where the driver has one', async () => {
      const pool = async (name: string) => valuesOf(`tour_database_pool_${name}`)
      if (subject.app === 'example-scylla') return expect(await samples('tour_database_pool')).toEqual([])
      const [inUse = 0, idle = 0, ...more] = await pool('connections')
      expect(more).toEqual([])
      const [limit] = await pool('connections_max')
      expect(inUse + idle).toBeGreaterThan(0)
      expect(inUse + idle).toBeLessThanOrEqual(limit ?? 0)
      expect([await pool('waiting'), await pool('waiting_max')]).toEqual([[0], [expect.any(Number)]])
    })

    test('name no address', async () => {
      expect(await scrape()).not.toMatch(/\d+\.\d+\.\d+\.\d+|localhost|::1/)
    })
  })
}

/** Each line with a value. Without its type: of a histogram the parser would keep the buckets and drop the labels. */
const samplesOf = (text: string): Sample[] =>
  (parse(text.replace(/^# TYPE .*\n/gm, '')) as Family[]).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({
      name,
      labels,
      value: value === '' ? Number.NaN : Number(value),
    })),
  )

const seriesOf = ({ name, labels }: Sample) => `${name} ${JSON.stringify(labels)}`
