import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Stop, spawnStop, steadyNow, testKills, until } from 'conformance'
import { newKey, Problem } from 'contract'
import { freshDatabase, rowsOf } from './database.ts'

const { env, admin, control, release } = await freshDatabase()
afterAll(release)

const word = { word: 'halt', definition: 'A small station' }

const put = async ({ url }: Stop, key?: string, body: object = word) => {
  const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }
  const response = await fetch(`${url}/words`, { method: 'PUT', headers, body: JSON.stringify(body) })
  return { status: response.status, text: await response.text() }
}
const added = { status: 204, text: '' }
const detailOf = ({ text }: { text: string }) => Problem.parse(JSON.parse(text)).detail

const count = async (table: string) =>
  Number((await rowsOf(admin, `SELECT count(*) AS n FROM grand_tour.${table}`))[0]?.n)

/** A stop, and what `test` does with it. */
const withStop = async (test: (stop: Stop) => Promise<void>, more: Record<string, string> = {}) => {
  const stop = await spawnStop('example-mysql', { ...env, ...more })
  try {
    await test(stop)
  } finally {
    await stop.stop()
  }
}

beforeEach(async () => {
  await admin.query('DROP DATABASE IF EXISTS grand_tour')
})

const makeOriginalTable = async (charset = '') => {
  await admin.query(`CREATE DATABASE IF NOT EXISTS grand_tour ${charset}`)
  await admin.query(`CREATE TABLE IF NOT EXISTS grand_tour.words (id serial primary key,
    word varchar(256) NOT NULL, definition varchar(256) NOT NULL) ${charset}`)
}

describe('words with an Idempotency-Key', () => {
  test('stand in the table of the original, which stays as it is, and in a table beside it', async () => {
    await makeOriginalTable()
    const made = async () =>
      (await rowsOf(admin, 'SHOW CREATE TABLE grand_tour.words'))[0]?.['Create Table'].replace(
        / AUTO_INC\w+=\d+/,
        '',
      )
    const before = await made()
    await withStop(async (stop) => {
      const key = newKey()
      expect([await put(stop, key), await put(stop, key)]).toEqual([added, added])
      expect(await rowsOf(admin, 'SELECT * FROM grand_tour.words')).toEqual([{ id: 1, ...word }])
      expect(await made()).toBe(before)
      expect(await count('word_keys')).toBe(1)
    })
  })

  test('cost four statements, and two where the word is there already', async () => {
    await withStop(async (stop) => {
      const statements = async () => {
        const rows = await rowsOf(
          admin,
          "SHOW GLOBAL STATUS WHERE variable_name IN ('Com_begin', 'Com_commit', 'Com_insert', 'Com_rollback')",
        )
        return rows.map((row) => Number(row.Value))
      }
      const cost = async (key?: string) => {
        const before = await statements()
        expect(await put(stop, key)).toEqual(added)
        return (await statements()).map((value, index) => value - (before[index] ?? 0))
      }
      const key = newKey()
      expect(await cost()).toEqual([0, 0, 1, 0])
      expect(await cost(key)).toEqual([1, 1, 2, 0])
      expect(await cost(key)).toEqual([1, 1, 1, 0])
    })
  })

  test('that the table cannot hold are refused each time, and leave no key, no lock and no transaction', async () => {
    await makeOriginalTable('CHARACTER SET latin1')
    await withStop(async (stop) => {
      const key = newKey()
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => put(stop, key, { ...word, word: '🍵' })),
      )
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(422))
      expect(await rowsOf(admin, 'SELECT * FROM information_schema.innodb_trx')).toEqual([])
      expect([await count('words'), await count('word_keys')]).toEqual([0, 0])
    })
  })
})

describe('another transaction that writes the same key', () => {
  /** The id of a word with this key, and a transaction of our own that has written it and has not ended. */
  const withOtherTransaction = async (
    stop: Stop,
    key: string,
    test: (end: (how: 'COMMIT' | 'ROLLBACK') => Promise<unknown>) => Promise<void>,
  ) => {
    await put(stop, key)
    const [row] = await rowsOf(admin, 'SELECT HEX(id) AS id FROM grand_tour.word_keys')
    await admin.query('DELETE FROM grand_tour.word_keys')
    await admin.query('DELETE FROM grand_tour.words')
    const other = await admin.getConnection()
    try {
      await other.beginTransaction()
      await other.query('INSERT INTO grand_tour.word_keys VALUES (UNHEX(?), UTC_TIMESTAMP())', [row?.id])
      await test((how) => other.query(how))
    } finally {
      other.destroy()
    }
  }
  const waiting = async () => (await rowsOf(admin, 'SELECT 1 FROM performance_schema.data_lock_waits')).length
  const deadlocks = async () =>
    Number(
      (
        await rowsOf(
          admin,
          "SELECT count AS n FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'",
        )
      )[0]?.n,
    )

  test('and gives up leaves the word to the requests that wait for it: 204 for all, one row', async () => {
    await withStop(async (stop) => {
      const key = newKey()
      await withOtherTransaction(stop, key, async (end) => {
        const before = await deadlocks()
        const answers = Promise.all(Array.from({ length: 32 }, () => put(stop, key)))
        await until('requests that wait', async () => (await waiting()) >= 5)
        await end('ROLLBACK')
        expect(await answers).toEqual(Array(32).fill(added))
        expect([await count('words'), await count('word_keys')]).toEqual([1, 1])
        expect(await deadlocks()).toBeGreaterThan(before)
      })
    })
  })

  test('and does not end costs a request 3 s and a 503 that says what to do; then all is as it was', async () => {
    await withStop(async (stop) => {
      const key = newKey()
      await withOtherTransaction(stop, key, async (end) => {
        const askedAt = steadyNow()
        const refused = await put(stop, key)
        expect(steadyNow() - askedAt).toBeLessThan(3500)
        expect(refused.status).toBe(503)
        expect(detailOf(refused)).toContain('send it again with the same Idempotency-Key')
        await end('ROLLBACK')
        expect(await Promise.all(Array.from({ length: 32 }, () => put(stop, key)))).toEqual(
          Array(32).fill(added),
        )
        expect([await count('words'), await count('word_keys')]).toEqual([1, 1])
      })
    })
  })

  test('and was cut off is ended by the server after a minute, whatever the server’s own setting', async () => {
    await withStop(async (stop) => {
      await put(stop, newKey())
      const timeouts = await rowsOf(
        admin,
        `SELECT variable_value AS seconds FROM performance_schema.variables_by_thread
        WHERE variable_name = 'wait_timeout' AND thread_id IN (
          SELECT owner_thread_id FROM performance_schema.prepared_statements_instances WHERE sql_text LIKE 'INSERT%')`,
      )
      expect(timeouts.length).toBeGreaterThan(0)
      expect(new Set(timeouts.map(({ seconds }) => seconds))).toEqual(new Set(['60']))
    })
  })
})

describe('old keys', () => {
  const age = (hours: number) => `UTC_TIMESTAMP() - INTERVAL ${hours * 60} MINUTE`

  test('are removed after 24 hours, a thousand at a time, and younger ones are kept', async () => {
    await withStop(async () => {})
    const keys = (from: number, hours: number, n: number) =>
      admin.query(`INSERT INTO grand_tour.word_keys WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})
        SELECT UNHEX(LPAD(HEX(i + ${from}), 32, '0')), ${age(hours)} FROM n`)
    await keys(0, 23.9, 7)
    for (let i = 1; i <= 5; i++) await keys(1000 * i, 24.1, 500)
    const deletes = async () =>
      Number((await rowsOf(admin, "SHOW GLOBAL STATUS LIKE 'Com_delete'"))[0]?.Value)
    const before = await deletes()
    await withStop(async ({ client }) => {
      await client.add(word)
      await until('the old keys to be gone', async () => (await count('word_keys')) === 8)
      expect(await deletes()).toBe(before + 3)
      // Nobody asked for that: what the page shows is the last word that somebody added.
      const { live } = await client.connection()
      expect(live?.statements.find(({ kind }) => kind === 'write')?.text).toMatch(/^INSERT INTO words /)
    })
  })

  test('are forgotten: the same word with the same key is then another one', async () => {
    const key = newKey()
    await withStop(async (stop) => {
      expect(await put(stop, key)).toEqual(added)
    })
    await admin.query(`UPDATE grand_tour.word_keys SET added = ${age(24.1)}`)
    await withStop(async (stop) => {
      await until('the old key to be gone', async () => (await count('word_keys')) === 0)
      expect([await put(stop, key), await put(stop, key)]).toEqual([added, added])
      expect(await count('words')).toBe(2)
    })
  })
})

describe('a user who may not create the table of the keys', () => {
  test('adds words without a key; with one they are refused, until there is the right to create it', async () => {
    await makeOriginalTable()
    await admin.query("DROP USER IF EXISTS 'writer'@'%'")
    await admin.query("CREATE USER 'writer'@'%' IDENTIFIED BY 'few-rights'")
    await admin.query("GRANT SELECT, INSERT ON grand_tour.* TO 'writer'@'%'")
    await admin.query("GRANT SELECT ON compose.* TO 'writer'@'%'")
    const url = env.COMPOSE_MYSQL_URL?.replace(/tour:[^@]+@/, 'writer:few-rights@') ?? ''
    await withStop(
      async (stop) => {
        const refused = await put(stop, newKey())
        expect(refused.status).toBe(501)
        expect(detailOf(refused)).toContain('keeps no Idempotency-Keys: the table word_keys is missing')
        expect(await put(stop)).toEqual(added)
        await stop.client.add(word)
        expect(await count('words')).toBe(2)
        const warning = 'user writer may not create the table word_keys'
        await until('the warning', () => stop.log().includes(warning))
        expect(stop.log()).not.toContain('"level":"error"')

        await admin.query("GRANT CREATE, SELECT, INSERT ON grand_tour.word_keys TO 'writer'@'%'")
        const key = newKey()
        expect([await put(stop, key), await put(stop, key)]).toEqual([added, added])
        expect(await count('words')).toBe(3)
      },
      { COMPOSE_MYSQL_URL: url },
    )
  })
})

testKills('MySQL', {
  app: 'example-mysql',
  env,
  killDatabase: async () => {
    await control(0, 'kill')
    await control(0, 'start')
  },
  storedWords: async () => (await rowsOf(admin, 'SELECT word FROM grand_tour.words')).map(({ word }) => word),
})
