import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, expect, jest, test } from '@jest/globals'
import { cassandraCommand } from '../src/cassandra-config.ts'
import { appArmor, findMysqlServer } from '../src/mysql-server.ts'
import { succeeds } from '../src/programs.ts'
import { type Kind, settingsOf } from '../src/settings.ts'
import { startDatabase } from '../src/start.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)
afterEach(() => {
  jest.restoreAllMocks()
})

/** What is said where no data can be kept, in a file: so there is no database here, whatever this machine has. */
const linesOf = async (kind: Kind): Promise<string[]> => {
  const file = join(freshDirectory(), 'file')
  writeFileSync(file, '')
  const context = { signal: new AbortController().signal, onEnd: () => {}, onProgress: () => {}, lock: 0 }
  return startDatabase(settingsOf(kind, { way: 'native', directory: file }), context).then(
    () => [],
    (error: Error) => error.message.split('\n'),
  )
}

test.each([
  ['mysql', 'MySQL server', 'COMPOSE_MYSQL_URL', 'mysqld or mariadbd', findMysqlServer],
  ['scylla', 'CQL database', 'COMPOSE_SCYLLA_URL', 'Java 17 and Apache Cassandra', cassandraCommand],
] as const)(
  'where no %s can be had, each way to get one is told',
  async (kind, title, variable, programs, find) => {
    const lines = await linesOf(kind)
    const others = [`- a database of your own: set ${variable}`, '- Docker: not asked for']
    const install = `- ${programs} on this machine: \`npm test\` at the repository's root installs them (`
    const again = "- this machine's own, which did not start: try once more ("
    expect(lines).toEqual([
      `No ${title} to use here. Ways to get one:`,
      ...((await succeeds(find()))
        ? [expect.stringContaining(again), ...others]
        : [...others, expect.stringContaining(install)]),
    ])
  },
)

test('a server that AppArmor keeps to its own files is told so, and not to be tried once more', async () => {
  const programs = freshDirectory()
  const program = join(programs, 'mysqld')
  writeFileSync(program, '#!/bin/sh\necho mysqld Ver 8.4.0\n', { mode: 0o755 })
  jest.replaceProperty(process.env, 'PATH', programs + delimiter + process.env.PATH)
  jest.replaceProperty(appArmor, 'program', program)
  expect((await linesOf('mysql'))[1]).toContain('did not start: try once more (')
  jest.replaceProperty(appArmor, 'profile', program) // a file that is there
  expect((await linesOf('mysql'))[1]).toMatch(
    /did not start: AppArmor lets \S+ use \/var\/lib\/mysql only: start Docker, or set COMPOSE_MYSQL_URL to that server\. \(/,
  )
})
