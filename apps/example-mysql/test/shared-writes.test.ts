import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { spawnStop, steadyNow, until } from 'conformance'
import { newKey } from 'contract'
import { insertOnce, SomeAreThere } from '../src/once.ts'
import { sharedWrites } from '../src/shared-writes.ts'
import { connectNoting } from './attempt.ts'
import { freshDatabase, rowsOf } from './database.ts'

const { env, admin, release } = await freshDatabase()
afterAll(release)

/** A server that writes what it is sent when it is told to, and what it was sent. */
const server = (mayShare = true) => {
  const sent: { rows: readonly string[]; answer: PromiseWithResolvers<void> }[] = []
  const add = sharedWrites(
    (rows: readonly string[]) => {
      const answer = Promise.withResolvers<void>()
      sent.push({ rows, answer })
      return answer.promise
    },
    () => mayShare,
  )
  const rows = () => sent.map((each) => each.rows)
  return { sent, rows, add }
}
const refusal = Object.assign(new Error('refused'), { sqlState: '22001', errno: 1406 })

describe('rows that are written at the same time', () => {
  test('go at once while no statement runs; the others go together, in their order, and are told when they are written', async () => {
    const { sent, rows, add } = server()
    const all = ['a', 'b', 'c', 'd', 'e'].map(add)
    expect(rows()).toEqual([['a']])
    let told = 0
    for (const one of all) void one.then(() => told++)
    sent[0]?.answer.resolve()
    await until('those that wait to be sent', async () => sent.length === 2)
    expect(rows()).toEqual([['a'], ['b', 'c', 'd', 'e']])
    expect(told).toBe(1)
    sent[1]?.answer.resolve()
    await Promise.all(all)
    void add('f')
    expect(rows()[2]).toEqual(['f'])
  })

  test('are never more than 32 to a statement, and a few numbers only', async () => {
    const { sent, rows, add } = server()
    const all = Array.from({ length: 1 + 32 + 21 }, (_, index) => add(String(index)))
    // A statement that is full does not wait for the one that runs.
    expect(rows().map(({ length }) => length)).toEqual([1, 32])
    for (let ended = 0; ended < sent.length; ended++) {
      sent[ended]?.answer.resolve()
      await new Promise(setImmediate)
    }
    await Promise.all(all)
    expect(rows().map(({ length }) => length)).toEqual([1, 32, 16, 4, 1])
    expect(rows().flat()).toEqual(all.map((_, index) => String(index)))
  })

  test('do not wait for ever behind a statement that is not answered, nor those after them', async () => {
    const { sent, rows, add } = server()
    for (const row of ['a', 'b', 'c']) void add(row)
    await until('those that wait to be sent', async () => rows().length === 2, 5000)
    expect(rows()[1]).toEqual(['b', 'c'])
    void add('d')
    sent[1]?.answer.resolve()
    await new Promise(setImmediate)
    expect(rows()[2]).toEqual(['d'])
  })

  test('are all sent then, however many they are, and not some of them later and later', async () => {
    const { rows, add } = server()
    const startedAt = steadyNow()
    for (let row = 0; row < 32; row++) void add(String(row))
    await until('all of them to be sent', async () => rows().flat().length === 32, 5000)
    expect(rows().map(({ length }) => length)).toEqual([1, 16, 8, 4, 2, 1])
    // Each a quarter of a second after the one before, it would be a second and a quarter.
    expect(steadyNow() - startedAt).toBeLessThan(1000)
  })

  test('are sent alone where one is refused, so that each gets its own answer', async () => {
    const { sent, rows, add } = server()
    const all = Promise.allSettled(['a', 'b', 'c'].map(add))
    sent[0]?.answer.resolve()
    await until('those that wait to be sent', async () => sent.length === 2)
    sent[1]?.answer.reject(refusal)
    await until('each to be sent alone', async () => sent.length === 4)
    expect(rows().slice(2)).toEqual([['b'], ['c']])
    sent[2]?.answer.reject(refusal)
    sent[3]?.answer.resolve()
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test.each([
    ['whose connection was lost', {}],
    ['whose server a proxy has lost', { errno: 2013, sqlState: 'HY000' }],
  ])(
    'fail together, and are not sent again, where nobody knows whether they were written: %s',
    async (_, said) => {
      const { sent, add } = server()
      const all = Promise.allSettled(['a', 'b', 'c'].map(add))
      sent[0]?.answer.resolve()
      await until('those that wait to be sent', async () => sent.length === 2)
      sent[1]?.answer.reject(Object.assign(new Error('lost'), said))
      expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
      expect(sent).toHaveLength(2)
    },
  )

  test('have a statement each where they may not share one', () => {
    const { rows, add } = server(false)
    for (const row of ['a', 'b', 'c', 'd']) void add(row)
    expect(rows()).toEqual([['a'], ['b'], ['c'], ['d']])
  })
})

describe('words that are added at the same time, on MySQL', () => {
  beforeEach(async () => {
    await admin.query('SET GLOBAL default_storage_engine = InnoDB')
    await admin.query('DROP DATABASE IF EXISTS grand_tour')
  })

  /** Adds them all at once, with a key each where there are keys. */
  const addAll = async (
    words: readonly string[],
    keys: readonly string[],
    more: Record<string, string> = {},
  ) => {
    const stop = await spawnStop('example-mysql', { ...env, ...more })
    try {
      const before = await inserts()
      const statuses = await Promise.all(
        words.map(async (word, index) => {
          const key = keys[index]
          const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }
          const body = JSON.stringify({ word, definition: 'one of many' })
          return (await fetch(`${stop.url}/words`, { method: 'PUT', headers, body })).status
        }),
      )
      const made = (await inserts()) - before
      await stop.stop() // the log is whole then
      return { statuses, inserts: made, log: stop.log() }
    } finally {
      await stop.stop()
    }
  }
  const keysFor = (words: readonly string[]) => words.map(() => newKey())
  const inserts = async () => Number((await rowsOf(admin, "SHOW GLOBAL STATUS LIKE 'Com_insert'"))[0]?.Value)
  const stored = async () =>
    (await rowsOf(admin, 'SELECT word FROM grand_tour.words')).map(({ word }) => word)
  const numbered = Array.from({ length: 200 }, (_, index) => `word ${index}`)

  test.each([false, true])('share statements, and each is there once (with a key: %s)', async (hasKeys) => {
    const added = await addAll(numbered, hasKeys ? keysFor(numbered) : [])
    expect(added.statuses).toEqual(Array(200).fill(204))
    expect((await stored()).sort()).toEqual(numbered.toSorted())
    expect(added.inserts).toBeLessThan(hasKeys ? 400 : 200)
  })

  test.each(['InnoDB', 'MyISAM'])(
    'are there once, where some of them have come before (a server that makes tables of %s unless told)',
    async (engine) => {
      await admin.query('CREATE DATABASE grand_tour')
      await admin.query(`CREATE TABLE grand_tour.words (id serial primary key,
        word varchar(256) NOT NULL, definition varchar(256) NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4`)
      await admin.query(`SET GLOBAL default_storage_engine = ${engine}`)
      const keys = keysFor(numbered)
      await addAll(numbered.slice(0, 50), keys)
      // Twice at once, and some of them for the third time.
      const again = await addAll([...numbered, ...numbered], [...keys, ...keys])
      expect(again.statuses).toEqual(Array(400).fill(204))
      expect((await stored()).sort()).toEqual(numbered.toSorted())
      expect(await rowsOf(admin, 'SELECT id FROM grand_tour.word_keys')).toHaveLength(200)
    },
  )

  test('are not taken for stored where one comes twice, and the table of the keys has to be made first', async () => {
    const connection = connectNoting(env)
    try {
      await until('the connection', async () => connection.status().ready)
      await admin.query('DROP TABLE grand_tour.word_keys')
      const once = { id: newKey(), values: ['twice', 'in one statement'] }
      const insert = 'INSERT INTO words (word, definition) VALUES (?, ?)'
      await expect(insertOnce(connection, insert, [once, once])).rejects.toThrow(SomeAreThere)
      expect(await stored()).toEqual([])
      await insertOnce(connection, insert, [once])
      await insertOnce(connection, insert, [once])
      expect(await stored()).toEqual(['twice'])
    } finally {
      await connection.close()
    }
  })

  test('have a statement each with SHARE_WRITES=off', async () => {
    const added = await addAll(numbered, [], { SHARE_WRITES: 'off' })
    expect(added.inserts).toBe(200)
    expect(await stored()).toHaveLength(200)
  })

  test.each([false, true])(
    'get their own answer where the table cannot hold some (with a key: %s)',
    async (hasKeys) => {
      await admin.query('CREATE DATABASE grand_tour')
      await admin.query(`CREATE TABLE grand_tour.words (id serial primary key,
      word varchar(256) NOT NULL, definition varchar(256) NOT NULL) CHARACTER SET latin1`)
      const words = numbered.map((word, index) => (index % 20 === 7 ? `${word} 🍵` : word))
      const { statuses } = await addAll(words, hasKeys ? keysFor(words) : [])
      expect(statuses).toEqual(words.map((word) => (word.includes('🍵') ? 422 : 204)))
      expect((await stored()).sort()).toEqual(words.filter((word) => !word.includes('🍵')).sort())
    },
  )

  test('have a statement each in a table without transactions, which would keep some of those that fail', async () => {
    await admin.query('CREATE DATABASE grand_tour')
    await admin.query(`CREATE TABLE grand_tour.words (id serial primary key,
      word varchar(256) NOT NULL, definition varchar(256) NOT NULL) ENGINE=MyISAM CHARACTER SET utf8mb4`)
    const added = await addAll(numbered, [])
    expect(added.log).toContain('its engine is MyISAM, without transactions')
    expect(added.inserts).toBe(200)
    expect(await stored()).toHaveLength(200)
  })
})
