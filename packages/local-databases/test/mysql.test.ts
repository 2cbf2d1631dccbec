import { closeSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mysql from 'mysql2/promise'
import { type Lease, type LeaseOptions, lease } from '../src/index.ts'
import { lockDirectory } from '../src/lock.ts'
import { findMysqlServer, systemTables } from '../src/mysql-server.ts'
import { freshDirectory, lessee, processesOf, removeDirectories, waitUntil } from './machine.ts'

afterAll(removeDirectories)

const options = (more: LeaseOptions = {}): LeaseOptions => ({
  way: 'native',
  directory: freshDirectory(),
  ...more,
})

/** A connection as a careful client makes it: the authority, the name and the expiry are checked. */
const connectTo = ({ env }: Pick<Lease, 'env'>, url = env.COMPOSE_MYSQL_URL ?? '') => {
  const ssl = { ca: readFileSync(env.PATH_TO_MYSQL_CERT ?? ''), verifyIdentity: true }
  return mysql.createConnection({ uri: url, ssl })
}

const query = async (to: Pick<Lease, 'env'>, sql: string): Promise<Record<string, unknown>[]> => {
  const connection = await connectTo(to)
  const [rows] = await connection.query(sql).finally(() => connection.end())
  return rows as Record<string, unknown>[]
}

for (const server of ['mysqld', 'mariadbd'] as const) {
  const isHere = await findMysqlServer(server).then(
    () => true,
    () => false,
  )
  const describeServer = isHere ? describe : describe.skip

  describeServer(server, () => {
    const given = options({ server })
    const directory = given.directory ?? ''
    let database: Lease
    beforeAll(async () => {
      database = await lease('mysql', given)
    }, 90_000)
    afterAll(() => database.release())

    test('answers over TLS that is verified, says what it is, and lets the tour make its database', async () => {
      const [row] = await query(
        database,
        "SELECT VERSION() AS version, DATABASE() AS name, (SELECT VARIABLE_VALUE FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_version') AS tls".replace(
          'performance_schema',
          server === 'mysqld' ? 'performance_schema' : 'information_schema',
        ),
      )
      expect(row).toEqual({
        version:
          server === 'mysqld' ? expect.not.stringContaining('MariaDB') : expect.stringContaining('MariaDB'),
        name: 'compose',
        tls: 'TLSv1.3',
      })
      await query(database, 'CREATE DATABASE IF NOT EXISTS grand_tour')
      await query(
        database,
        'CREATE TABLE grand_tour.words (id serial PRIMARY KEY, word varchar(256) NOT NULL)',
      )
      await query(database, "INSERT INTO grand_tour.words (word) VALUES ('😀')")
      expect(await query(database, 'SELECT word FROM grand_tour.words')).toEqual([{ word: '😀' }])
    })

    test('refuses connections without TLS, the wrong password and an empty one', async () => {
      const url = database.env.COMPOSE_MYSQL_URL ?? ''
      // MariaDB says no more than that access is denied; with TLS, the same user and password are let in.
      await expect(mysql.createConnection(url)).rejects.toThrow(/insecure transport|Access denied/)
      expect(await query(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
      await expect(connectTo(database, url.replace(/:[^:@]*@/, ':wrong@'))).rejects.toThrow(/Access denied/)
      await expect(connectTo(database, url.replace(/tour:[^@]*@/, 'root:@'))).rejects.toThrow(/Access denied/)
    })

    test('keeps what it acknowledged when it is killed, and when everything is', async () => {
      await query(database, 'CREATE TABLE compose.t (id int PRIMARY KEY)')
      await query(database, 'INSERT INTO compose.t VALUES (1)')
      await database.control(0, 'kill')
      await expect(query(database, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
      await database.control(0, 'start')
      await query(database, 'INSERT INTO compose.t VALUES (2)')
      for (const pid of processesOf(directory)) process.kill(pid, 'SIGKILL')
      const again = await lease('mysql', given)
      expect(again.env).toEqual(database.env)
      expect(await query(again, 'SELECT id FROM compose.t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }])
      await again.release()
      expect(processesOf(directory)).toEqual([])
    })

    test('speaks no TLS when asked not to', async () => {
      await using database = await lease('mysql', options({ server, tls: false }))
      const url = (database.env.COMPOSE_MYSQL_URL ?? '').replace('?ssl-mode=DISABLED', '')
      expect(database.env).toEqual({ COMPOSE_MYSQL_URL: `${url}?ssl-mode=DISABLED` })
      await expect(mysql.createConnection({ uri: url, ssl: {} })).rejects.toThrow(
        /does not support secure connection/,
      )
      const connection = await mysql.createConnection(url)
      await connection.end()
    })
  })
}

describe('a server whose certificate is wrong on purpose', () => {
  test.each([
    ['expired', /certificate has expired/],
    ['wrong-name', /wrong\.example\.com/],
  ] as const)('%s: a client that verifies refuses it', async (certificate, message) => {
    await using database = await lease('mysql', options({ server: 'mariadbd', certificate }))
    await expect(connectTo(database)).rejects.toThrow(message)
  })
})

describe('leases', () => {
  test('of one directory share a server, and the last one ends it', async () => {
    const given = options({ server: 'mariadbd' })
    const directory = given.directory ?? ''
    const [first, second] = await Promise.all([lease('mysql', given), lease('mysql', given)])
    expect(second.env).toEqual(first.env)
    await first.release()
    expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await second.release()
    expect(processesOf(directory)).toEqual([])
  })

  test('of two directories do not collide', async () => {
    const both = [options({ server: 'mariadbd' }), options({ server: 'mariadbd' })]
    const [first, second] = await Promise.all(both.map((given) => lease('mysql', given)))
    expect(first?.members[0]?.port).not.toBe(second?.members[0]?.port)
    await Promise.all([first?.release(), second?.release()])
  })

  test('that ask for other options than it runs with are told so', async () => {
    const given = options({ server: 'mariadbd' })
    const database = await lease('mysql', given)
    await expect(lease('mysql', { ...given, tls: false })).rejects.toThrow(
      /is running with tls true, not false/,
    )
    await database.release()
  })

  test('that are given up while the database is starting leave nothing running', async () => {
    const given = options({ server: 'mariadbd' })
    const interruption = new AbortController()
    const leasing = lease('mysql', {
      ...given,
      signal: interruption.signal,
      onProgress: (line) => line.startsWith('Starting') && interruption.abort(),
    })
    await expect(leasing).rejects.toThrow(/aborted/)
    expect(processesOf(given.directory ?? '')).toEqual([])
  })

  test('leave nothing running when the lessee is killed', async () => {
    const given = options({ server: 'mariadbd' })
    const { process: child } = await lessee('mysql', given)
    expect(processesOf(given.directory ?? '').length).toBeGreaterThan(1)
    child.kill('SIGKILL')
    await waitUntil('nothing runs', 10, () => processesOf(given.directory ?? '').length === 0)
  })

  test('leave nothing running when the owner is killed, and the next one just works', async () => {
    const given = options({ server: 'mariadbd' })
    const directory = given.directory ?? ''
    await using database = await lease('mysql', given)
    const { pid } = JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8')) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await waitUntil('nothing runs', 5, () => processesOf(directory).length === 0)
    await expect(database.control(0, 'start')).rejects.toThrow(/owner of the database has ended/)
    await using again = await lease('mysql', given)
    expect(await query(again, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await again.release()
  })

  test('say how their owner ended where it could not say why', async () => {
    const directory = freshDirectory()
    const lock = lockDirectory(directory) as number // nobody else knows it: the owner waits
    const leasing = lease('mysql', options({ directory }))
    const owners = () => processesOf(directory)
    await waitUntil('the owner is there', 10, () => owners().length > 0)
    for (const pid of owners()) process.kill(pid, 'SIGKILL')
    await expect(leasing).rejects.toThrow(/ended \(SIGKILL\) and could not say why/)
    closeSync(lock)
  })

  test('work in a directory whose path is longer than a socket address may be', async () => {
    const given = options({ server: 'mariadbd', directory: join(freshDirectory(), 'x'.repeat(120)) })
    await using database = await lease('mysql', given)
    expect(await query(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

test.each([
  ['mysql', 'mysql_'],
  ['mysql', 'mariadb_'],
  ['mariadb', 'mariadb_'],
])('the system tables of MariaDB are found in %s as %s…', async (folder, begin) => {
  const share = freshDirectory()
  await expect(systemTables(share)).rejects.toThrow(
    `mariadb_system_tables.sql, are in none of ${share}/mysql and`,
  )
  mkdirSync(join(share, folder))
  for (const name of ['system_tables', 'performance_tables', 'system_tables_data'])
    writeFileSync(join(share, folder, `${begin}${name}.sql`), `${name};`)
  expect(await systemTables(share)).toMatch(/\nsystem_tables;\nperformance_tables;\nsystem_tables_data;$/)
})
