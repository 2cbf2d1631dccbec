import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Stop, spawnStop, until } from 'conformance'
import { ProblemError } from 'contract'
import { freshDatabase, rowsOf } from './database.ts'

const { env, admin, release } = await freshDatabase()
afterAll(release)

const start = (more: Record<string, string> = {}) => spawnStop('example-mysql', { ...env, ...more })

beforeEach(async () => {
  await admin.query('DROP DATABASE IF EXISTS grand_tour')
})

describe('tables of the original tour', () => {
  // As the Python version makes them, on a server whose default is utf8mb4.
  const make = async (charset = '') => {
    await admin.query(`CREATE DATABASE IF NOT EXISTS grand_tour ${charset}`)
    await admin.query(`CREATE TABLE IF NOT EXISTS grand_tour.words (id serial primary key,
      word varchar(256) NOT NULL, definition varchar(256) NOT NULL) ${charset}`)
  }

  test('are read, and words written here are read by plain SQL', async () => {
    await make()
    await admin.query("INSERT INTO grand_tour.words (word, definition) VALUES ('theirs', 'by plain SQL')")
    const stop = await start()
    try {
      await stop.client.add({ word: 'ours', definition: 'over HTTP 😀' })
      expect(await stop.client.words()).toEqual([
        { word: 'theirs', definition: 'by plain SQL' },
        { word: 'ours', definition: 'over HTTP 😀' },
      ])
      expect(await rowsOf(admin, 'SELECT id, word, definition FROM grand_tour.words ORDER BY id')).toEqual([
        { id: 1, word: 'theirs', definition: 'by plain SQL' },
        { id: 2, word: 'ours', definition: 'over HTTP 😀' },
      ])
    } finally {
      await stop.stop()
    }
  })

  test('that cannot hold a text refuse it with 422, keep what they hold, and are not altered', async () => {
    await make('CHARACTER SET latin1')
    // A server that is not strict would store "?" and say nothing.
    await admin.query("SET GLOBAL sql_mode = ''")
    const before = await rowsOf(admin, 'SHOW CREATE TABLE grand_tour.words')
    const stop = await start()
    try {
      await stop.client.add({ word: 'café', definition: 'latin1 holds it' })
      const refused = await stop.client
        .add({ word: 'tea', definition: '🍵' })
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ProblemError)
      expect((refused as ProblemError).problem.status).toBe(422)
      expect((refused as ProblemError).problem.detail).toContain('cannot hold this text')
      expect(await stop.client.words()).toEqual([{ word: 'café', definition: 'latin1 holds it' }])
      await until('the warning', () => stop.log().includes('its column word is latin1'))
      expect(await rowsOf(admin, 'SHOW CREATE TABLE grand_tour.words')).toEqual([
        {
          ...before[0],
          'Create Table': before[0]?.['Create Table'].replace(
            /ENGINE=InnoDB /,
            'ENGINE=InnoDB AUTO_INCREMENT=2 ',
          ),
        },
      ])
    } finally {
      await stop.stop()
      await admin.query('SET GLOBAL sql_mode = DEFAULT')
    }
  })

  test('with other columns are explained and left alone', async () => {
    await admin.query('CREATE DATABASE grand_tour')
    await admin.query('CREATE TABLE grand_tour.words (id serial PRIMARY KEY, term text)')
    const stop = await spawnStop('example-mysql', env, { waitUntilReady: false })
    try {
      const health = await reasonFrom(stop)
      expect(health).toContain(
        'table grand_tour.words: it has the columns id, term; this stop needs word, definition too',
      )
      expect(await rowsOf(admin, 'SHOW COLUMNS FROM grand_tour.words')).toHaveLength(2)
    } finally {
      await stop.stop()
    }
  })
})

describe('a user with few rights', () => {
  beforeAll(async () => {
    await admin.query("CREATE USER 'reader'@'%' IDENTIFIED BY 'few-rights'")
    await admin.query("GRANT ALL ON compose.* TO 'reader'@'%'")
  })
  const few = { COMPOSE_MYSQL_URL: env.COMPOSE_MYSQL_URL?.replace(/tour:[^@]+@/, 'reader:few-rights@') ?? '' }

  test("who may create no database keeps the words in the URL's own, and the log says so", async () => {
    const stop = await start(few)
    try {
      await stop.client.add({ word: 'here', definition: 'in compose' })
      expect(await rowsOf(admin, 'SELECT word FROM compose.words')).toEqual([{ word: 'here' }])
      const warning = 'may not create the database grand_tour: the words are kept in compose'
      await until('the warning', () => stop.log().includes(warning))
    } finally {
      await stop.stop()
    }
  })

  test('has all that the stop needs by the statements of the README', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8')
    const statements = readme.split('```sql\n')[1]?.split('```')[0]?.trim().split('\n') ?? []
    expect(statements).toHaveLength(3)
    await admin.query("CREATE USER 'told'@'%' IDENTIFIED BY 'few-rights'")
    for (const statement of statements)
      await admin.query(statement.replace("'user'", "'told'").replace('app.', 'compose.'))
    const url = env.COMPOSE_MYSQL_URL?.replace(/tour:[^@]+@/, 'told:few-rights@') ?? ''
    const first = await start({ COMPOSE_MYSQL_URL: url })
    await first.client.add({ word: 'with', definition: 'a key' }).finally(() => first.stop())
    await admin.query("UPDATE grand_tour.word_keys SET added = '2000-01-01'")
    const second = await start({ COMPOSE_MYSQL_URL: url })
    try {
      const keys = () => rowsOf(admin, 'SELECT id FROM grand_tour.word_keys')
      await until('the old key to be removed', async () => (await keys()).length === 0)
      expect(await second.client.words()).toEqual([{ word: 'with', definition: 'a key' }])
      expect(first.log() + second.log()).not.toMatch(/"level":"(warn|error)"/)
    } finally {
      await second.stop()
    }
  })

  test('needs no right to create what is there already', async () => {
    const first = await start()
    await first.stop()
    await admin.query("GRANT SELECT, INSERT ON grand_tour.* TO 'reader'@'%'")
    const stop = await start(few)
    try {
      await stop.client.add({ word: 'there', definition: 'in grand_tour' })
      expect(await rowsOf(admin, 'SELECT word FROM grand_tour.words')).toEqual([{ word: 'there' }])
    } finally {
      await stop.stop()
    }
  })
})

test('a page costs a range of the primary key, not a scan, wherever it starts', async () => {
  const stop = await start()
  try {
    const words = Array.from({ length: 5000 }, (_, i) => [`word ${i}`, 'of many'])
    await admin.query('INSERT INTO grand_tour.words (word, definition) VALUES ?', [words])
    /** Rows that the server has read so far, in the order of a key or of the table. */
    const rowsRead = async () => {
      const rows = await rowsOf(admin, "SHOW GLOBAL STATUS LIKE 'Handler_read%next'")
      return rows.reduce((sum, { Value }) => sum + Number(Value), 0)
    }
    const costs: number[] = []
    let before = await rowsRead()
    for await (const _ of stop.client.pages(500)) {
      const after = await rowsRead()
      costs.push(after - before)
      before = after
    }
    expect(costs).toHaveLength(10)
    // 501 each, one of which tells whether there is another page, and about 450 for asking (MySQL; MariaDB: 2).
    expect(Math.max(...costs)).toBeLessThan(1500)
  } finally {
    await stop.stop()
  }
})

/** The reason that /readyz gives once the database has been looked at. */
const reasonFrom = async (stop: Stop): Promise<string> => {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const { reason } = await stop.client.ready()
    if (reason !== undefined && reason !== 'connecting to the database') return reason
  }
  throw new Error('no reason within 10 s')
}
