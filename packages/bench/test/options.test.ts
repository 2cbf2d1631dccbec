import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { plannedSeconds } from '../src/budget.ts'
import { readOptions } from '../src/options.ts'
import { refuseGivenDatabases } from '../src/own-databases.ts'
import { planOf } from '../src/plan.ts'

/** What a command says on standard error, and its exit code. */
const run = (file: string, args: readonly string[], env: Record<string, string> = {}) => {
  const script = join(import.meta.dirname, '../src', file)
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  })
  return { status, stderr: stderr.trim() }
}

test.each([
  ['a work', '--only', 'words100,word', /no "word"\. There is: index, .*words100, .*million/],
  ['a database', '--database', 'oracle', /no "oracle"\. There is: mysql, scylla/],
  ['a number', '--rounds', 'many', /--rounds: "many" is no whole number from 1/],
  ['a number', '--seconds', '0', /--seconds: "0" is no whole number from 1/],
])('%s that there is not ends with exit code 2, and what there is', (_, option, value, message) => {
  const { status, stderr } = run('main.ts', [option, value])
  expect(stderr).toMatch(message)
  expect(stderr.split('\n')).toHaveLength(1)
  expect(status).toBe(2)
})

test.each(['main.ts', 'soak.ts', 'driver-settings.ts'])(
  '%s empties no table of a database that the environment names',
  (file) => {
    const { status, stderr } = run(file, [], {
      COMPOSE_MYSQL_URL: 'mysql://user:secret@db.example.com/words',
    })
    expect(stderr).toBe('COMPOSE_MYSQL_URL is set. This empties the table of words: unset it.')
    expect(status).toBe(2)
  },
)

test.each(['COMPOSE_MYSQL_URL', 'COMPOSE_SCYLLA_URL', 'COMPOSE_SCYLLA_URLS'])(
  'a database that %s names is not ours to empty',
  (name) => expect(() => refuseGivenDatabases({ [name]: 'https://user@db.example.com' })).toThrow(name),
)

test.each([
  [3, ['--quick']],
  [20, []],
])('a run is planned to take at most %s minutes: %j', (minutes, args) => {
  const options = readOptions(args)
  const planned = plannedSeconds(planOf(options), options)
  expect(planned).toBeLessThanOrEqual(minutes * 60)
  expect(planned).toBeGreaterThan(minutes * 40) // or the budget has forgotten something
})

test('Express shares writes where the stop does', () => {
  const { databases } = planOf(readOptions(['--only', 'put']))
  const servers = databases.map(({ tables }) => tables[0]?.works[0]?.contenders.map(({ server }) => server))
  expect(servers[0]).toContain('express sharing writes')
  expect(servers[1]).not.toContain('express sharing writes')
})

test.each([['--quick'], ['--profile', '/tmp/profiles']])('%s is no run to be recorded', (...args) => {
  expect(() => readOptions(['--record', ...args])).toThrow(/--record keeps what a whole run measured/)
})

test('works may be named together or one by one', () => {
  const together = ['--only', 'words100,put']
  expect(readOptions(['--only', 'words100', '--only', 'put']).only).toEqual(readOptions(together).only)
})

test('one work on one database is planned alone', () => {
  const plan = planOf(readOptions(['--only', 'words100', '--database', 'mysql']))
  expect(plan.files).toEqual([])
  expect(plan.databases.map(({ kind }) => kind)).toEqual(['mysql'])
  expect(plan.databases[0]?.tables.map(({ rows, works }) => [rows, works.map(({ name }) => name)])).toEqual([
    [100, ['words100']],
  ])
})
