import { expect, test } from '@jest/globals'
import { chartOf } from '../src/chart.ts'
import { reportOf } from '../src/report.ts'
import { reportText } from '../src/report-text.ts'
import { addDatabase, thisRun } from '../src/run.ts'
import { loadRow } from './made-up.ts'

const run = (measured: string, members = 3) => ({
  ...thisRun({ quick: false, rounds: 1, seconds: 1, source: false }),
  measured,
  databases: {
    mysql: { name: 'MySQL', version: '9.7.4', members: 1 },
    scylla: { name: 'Apache Cassandra', version: '5.0.5', members },
  },
})

test('a run replaces the works that it measured, and the others keep the run that they are of', () => {
  const results = [
    loadRow('words100', 'ours', { run: 'before' }),
    loadRow('words100', 'ours', { run: 'before', database: 'scylla' }),
    loadRow('put', 'ours', { run: 'long before' }),
  ]
  const earlier = { runs: { before: run('before'), 'long before': run('long before') }, results }
  const report = reportOf(earlier, run('now'), [loadRow('words100', 'ours', { run: 'now' })])

  expect(report.results.map(({ database, work, run }) => [database, work, run])).toEqual([
    ['scylla', 'words100', 'before'],
    ['mysql', 'put', 'long before'],
    ['mysql', 'words100', 'now'],
  ])
  expect(Object.keys(report.runs)).toEqual(['before', 'long before', 'now'])
})

test('a run of which no row is left is forgotten', () => {
  const earlier = { runs: { before: run('before') }, results: [loadRow('put', 'ours', { run: 'before' })] }
  const report = reportOf(earlier, run('now'), [loadRow('put', 'ours')])
  expect(Object.keys(report.runs)).toEqual(['now'])
})

test('what was measured with is known: versions of drivers, servers and the client, and the commit', () => {
  const { versions, client, commit, node } = run('now')
  for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(client).toMatch(/^(autocannon|wrk) .*\d/)
  expect(commit === null || /^[0-9a-f]{7,}\+?$/.test(commit)).toBe(true)
  expect(node).toBe(process.versions.node)
})

test('the chart names the database as it was, and shows who failed as failed', () => {
  const results = [
    loadRow('words100', 'floor', { database: 'scylla', us: 50 }),
    {
      ...loadRow('words100', 'express', { database: 'scylla' }),
      cpuUs: null,
      fault: 'it did not start',
      failed: 1,
    },
    loadRow('words100', 'ours', { database: 'scylla', us: 1, failed: 2 }),
  ]
  const chart = chartOf({ runs: { now: run('now', 2) }, results })
  expect(chart).toContain('Apache Cassandra 5.0.5, 2 members, LOCAL_QUORUM')
  expect(chart).toContain('50 µs')
  expect(chart.match(/>failed</g)).toHaveLength(2)
})

test('the bars of the chart have one scale, and who failed does not set it', () => {
  const results = [
    loadRow('words100', 'floor', { us: 50, run: 'before' }),
    loadRow('words100', 'express', { us: 5000, run: 'before', failed: 1 }),
    loadRow('words100', 'floor', { us: 200, database: 'scylla' }),
  ]
  const chart = chartOf({ runs: { before: { ...run('before'), node: '26.1.0' }, now: run('now') }, results })
  expect(chart.match(/(?<=rect x="220" y="\d+" width=")\d+/g)).toEqual(['105', '0', '420'])
  expect(chart.match(/Node\.js [\d.]+/g)).toEqual(['Node.js 26.1.0', `Node.js ${process.versions.node}`])
})

test('a database by Docker has the processor of the servers as well, and the page says so', () => {
  const { databases, ...others } = run('now')
  const native = { ...others, databases: {} }
  addDatabase(native, 'mysql', { ...databases.mysql, way: 'native' })
  expect(native.pinned).toBe(run('now').pinned)
  const docker = { ...others, databases: {} }
  addDatabase(docker, 'mysql', { ...databases.mysql, way: 'docker' })
  expect(docker.pinned).toBe(false)
  const text = reportText(reportOf({ runs: {}, results: [] }, docker, [loadRow('put', 'ours')]))
  expect(text).toMatch(/, not pinned \| .*MySQL 9\.7\.4, docker \|/)
})

test('the page of results has every row, and what it was measured on', () => {
  const results = [{ ...loadRow('put', 'floor'), fault: 'connect\nECONNREFUSED | 127.0.0.1', failed: 1 }]
  const text = reportText(reportOf({ runs: {}, results: [] }, run('now'), results))
  expect(text).toContain('### put (MySQL 9.7.4)')
  expect(text).toContain('FAILED: connect ECONNREFUSED 127.0.0.1')
  expect(text).toMatch(/\| now +\| .*Apache Cassandra 5\.0\.5, 3 members/)
})
