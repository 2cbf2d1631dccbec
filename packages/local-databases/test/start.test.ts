import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { cassandraCommand } from '../src/cassandra-config.ts'
import { findMysqlServer } from '../src/mysql-server.ts'
import { succeeds } from '../src/programs.ts'
import { settingsOf } from '../src/settings.ts'
import { startDatabase } from '../src/start.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)

test.each([
  ['mysql', 'MySQL server', 'COMPOSE_MYSQL_URL', 'mysqld or mariadbd', findMysqlServer],
  ['scylla', 'CQL database', 'COMPOSE_SCYLLA_URL', 'Java 17 and Apache Cassandra', cassandraCommand],
] as const)(
  'where no %s can be had, each way to get one is told',
  async (kind, title, variable, programs, find) => {
    const file = join(freshDirectory(), 'file')
    writeFileSync(file, '')
    const context = {
      signal: new AbortController().signal,
      onEnd: () => {},
      onProgress: () => {},
      lock: 0,
    }
    // No data can be kept in a file: so there is none here, whatever this machine has.
    const starting = startDatabase(settingsOf(kind, { way: 'native', directory: file }), context)
    const lines = await starting.then(
      () => [],
      (error: Error) => error.message.split('\n'),
    )
    const others = [`- a database of your own: set ${variable}`, '- Docker: start its daemon (not asked for)']
    const install = `- ${programs} on this machine: \`npm start\` at the repository's root installs them (`
    const again = "- this machine's own, which did not start: try once more ("
    expect(lines).toEqual([
      `No ${title} to use here. Ways to get one:`,
      ...((await succeeds(find()))
        ? [expect.stringContaining(again), ...others]
        : [...others, expect.stringContaining(install)]),
    ])
  },
)
