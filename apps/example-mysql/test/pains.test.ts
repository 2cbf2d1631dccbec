import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { steadyNow, until } from 'conformance'
import { certificatesFor } from 'local-databases/certificates'
import type { QueryResult, RowDataPacket } from 'mysql2/promise'
import { readConfig } from '../src/config.ts'
import { refusal } from '../src/errors.ts'
import { attempt, connectNoting, inReport } from './attempt.ts'
import { freshDatabase, rowsOf } from './database.ts'

// The ways a connection goes wrong, on MySQL itself and on MariaDB. docs/connection-pains.md says which test is about which.
const programs = ['mysqld', 'mariadbd'] as const
const databases = await Promise.all(programs.map((server) => freshDatabase({ server })))
afterAll(() => Promise.all(databases.map(({ release }) => release())))

describe.each(programs.map((program, index) => ({ program, database: databases[index] as never })))(
  'on $program',
  ({ program, database }: { program: string; database: Awaited<ReturnType<typeof freshDatabase>> }) => {
    const { env, admin, directory, members, way } = database
    const isMariaDb = program === 'mariadbd'
    const server = `127.0.0.1:${members[0]?.port}`
    const url = env.COMPOSE_MYSQL_URL ?? ''

    /** The environment of another user, whom these statements make; `@@` is its name. */
    const as = async (name: string, ...statements: string[]) => {
      for (const sql of [`DROP USER IF EXISTS @@`, ...statements])
        await admin.query(sql.replaceAll('@@', `'${name}'@'%'`))
      return { ...env, COMPOSE_MYSQL_URL: url.replace(/tour:[^@]+@/, `${name}:s3cret@`) }
    }
    const made = "CREATE USER @@ IDENTIFIED BY 's3cret'"
    const granted = 'GRANT ALL ON *.* TO @@'

    /** Sets a variable of the server until the test has ended. */
    const setGlobal = async (name: string, value: string | number) => {
      const [row] = await rowsOf(admin, `SELECT @@GLOBAL.${name} AS value`)
      await admin.query(`SET GLOBAL ${name} = ?`, [value])
      return {
        [Symbol.asyncDispose]: async () => void (await admin.query(`SET GLOBAL ${name} = ?`, [row?.value])),
      }
    }
    /** A stop's connection that is ready, and the answer that a request would get for an error. */
    const ready = async (more: Record<string, string> = {}) => {
      const connection = connectNoting({ ...env, ...more })
      await until('it to be ready', () => connection.status().ready || undefined)
      const explain = refusal(readConfig({ ...env, ...more }))
      return {
        ...connection,
        /** The message of the refusal, or undefined when it was done. */
        refused: (sql: string, values: string[] = []) =>
          connection.execute<QueryResult>(sql, values).then(
            () => undefined,
            (error) => explain(error).message,
          ),
        [Symbol.asyncDispose]: () => connection.close(),
      }
    }
    const ADD = 'INSERT INTO words (word, definition) VALUES (?, ?)'

    beforeEach(async () => {
      await admin.query('DROP DATABASE IF EXISTS grand_tour')
    })

    describe('the login', () => {
      test('tells who the server takes the user for, and which plugin it asked for', async () => {
        const { step, faults, lines } = await attempt(env)
        expect(faults).toEqual([])
        expect(step('login')?.found).toEqual({
          user: 'tour@%',
          plugin: isMariaDb ? 'mysql_native_password' : 'caching_sha2_password',
          server: expect.stringMatching(isMariaDb ? /^MariaDB 1\d\./ : /^MySQL 9\./),
        })
        expect(step('certificate')?.found).toMatchObject({ protocol: 'TLSv1.3', verified: true })
        expect(step('certificate')?.ms).toBeGreaterThan(0)
        expect(step('login')?.ms).toBeGreaterThan(0)
        expect(lines.map(({ message }) => message)).toEqual(['database connected'])
      })

      const onMysql = isMariaDb ? test.skip : test
      // MariaDB has no other plugin here.
      onMysql('tells the plugin after a switch from the server’s own to the user’s', async () => {
        const other = await as('other', "CREATE USER @@ IDENTIFIED WITH sha256_password BY 's3cret'", granted)
        const { step } = await attempt(other)
        expect(step('login')?.found).toMatchObject({ user: 'other@%', plugin: 'sha256_password' })
      })

      test.each([
        ['percent-encoded', encodeURIComponent],
        ['raw', (text: string) => text],
      ])('with a password of special characters works %s', async (_, written) => {
        const odd = 'p@ss/w#rd?:%,é '
        await as('odd', `CREATE USER @@ IDENTIFIED BY '${odd}'`, granted)
        const { reason, step } = await attempt({
          ...env,
          COMPOSE_MYSQL_URL: url.replace(/tour:[^@]+@/, () => `odd:${written(odd)}@`),
        })
        expect(reason).toBeNull()
        expect(step('login')?.found).toMatchObject({ user: 'odd@%' })
      })

      test('with a wrong password names the user and the variable, and never the password', async () => {
        const wrong = { ...env, COMPOSE_MYSQL_URL: url.replace(/:[^:@]+@/, ':wr0ng@') }
        const { failedAt, reason, states, lines } = await attempt(wrong)
        expect(failedAt).toBe('login')
        expect(reason).toMatch(
          new RegExp(
            `^COMPOSE_MYSQL_URL: ${server} refused the user tour, coming from (localhost|[\\d.]+), or its password\\. `,
          ),
        )
        expect(states).toEqual(['ok', 'ok', 'ok', 'failed', 'skipped', 'skipped'])
        expect(JSON.stringify(lines)).not.toContain('wr0ng')
      })

      test.each([
        [
          'an expired password',
          `${made} PASSWORD EXPIRE`,
          "the password of few has expired. Run ALTER USER 'few'",
        ],
        [
          'a locked user',
          `${made} ACCOUNT LOCK`,
          "the user few is locked. Run ALTER USER 'few' ACCOUNT UNLOCK.",
        ],
        [
          'a limit of connections',
          `${made} WITH MAX_CONNECTIONS_PER_HOUR 1`,
          'allows the user few no more (max_connections_per_hour)',
        ],
      ])('is refused for %s with what to do', async (_, create, message) => {
        const few = await as('few', create, granted)
        if (create.includes('MAX_')) await attempt(few)
        const { failedAt, reason } = await attempt(few)
        expect(failedAt).toBe('login')
        expect(reason).toContain(message)
      })

      test('by a plugin that the server does not have any more gives the statement that helps', async () => {
        const few = await as('few', made, granted)
        // What an upgrade leaves behind: a user of a plugin that is gone.
        await admin.query(
          isMariaDb
            ? "UPDATE mysql.global_priv SET priv = JSON_SET(priv, '$.plugin', 'gone_password') WHERE User = 'few'"
            : "UPDATE mysql.user SET plugin = 'mysql_native_password' WHERE User = 'few'",
        )
        await admin.query('FLUSH PRIVILEGES')
        const { failedAt, reason } = await attempt(few)
        expect(failedAt).toBe('login')
        const plugin = isMariaDb ? 'gone_password' : 'mysql_native_password'
        expect(reason).toContain(`the user few logs in by ${plugin}, which ${server} has not loaded. `)
        expect(reason).toContain("Run ALTER USER 'few' IDENTIFIED WITH caching_sha2_password BY '…'")
      })

      test('says when the server has no connection left', async () => {
        await using _ = await setGlobal('max_connections', 10)
        await using full = await ready({ COMPOSE_MYSQL_POOL_SIZE: '20' })
        await Promise.all(Array.from({ length: 20 }, () => full.execute('SELECT SLEEP(0.2)').catch(() => {})))
        const { failedAt, reason } = await attempt(env)
        expect(failedAt).toBe('login')
        expect(reason).toContain(`${server} has no connection left (max_connections). Raise it`)
      })

      test('to a database that is not there, or that the user may not use, names the database', async () => {
        const gone = await attempt({ ...env, COMPOSE_MYSQL_URL: url.replace('/compose', '/gone') })
        expect(gone).toMatchObject({
          failedAt: 'login',
          reason: expect.stringContaining('has no database gone'),
        })
        const denied = await attempt(await as('few', made))
        expect(denied.failedAt).toBe('login')
        expect(denied.reason).toContain('the user few has no access to the database compose')
        // A connection of the pool asks for another one than the URL: what the server says of that.
        const other = await admin.query('USE grand_tour').catch((error) => error)
        expect(refusal(readConfig(env))(other).message).toContain('has no database grand_tour')
      })
    })

    test('a name that does not resolve, and a port where nothing listens over IPv6, are told as that', async () => {
      const to = (host: string) => attempt({ ...env, COMPOSE_MYSQL_URL: url.replace('127.0.0.1', host) })
      const nameless = await to('no-such-host.invalid')
      expect(nameless.failedAt).toBe('name')
      expect(nameless.reason).toMatch(
        /^COMPOSE_MYSQL_URL: (host no-such-host\.invalid not found|the name server does not answer for)/,
      )
      const deserted = await to('[::1]')
      expect(deserted.failedAt).toBe('port')
      expect(deserted.reason).toMatch(
        // The second where this machine has no IPv6.
        /nothing listens on \[::1\]:\d+ \(ECONNREFUSED\)|\[::1\]:\d+ cannot be reached \(EADDRNOTAVAIL\)/,
      )
    })

    describe('TLS', () => {
      test.each([
        ['REQUIRED', 'encrypted, but with whoever answers'],
        ['VERIFY_CA', 'the name is not verified'],
      ])('with ssl-mode=%s is a warning in the report and one line in the log', async (mode, what) => {
        const { step, lines } = await attempt({ ...env, COMPOSE_MYSQL_URL: `${url}?ssl-mode=${mode}` })
        expect(step('certificate')).toMatchObject({ state: 'warning', found: { verified: false } })
        const warnings = lines.filter(({ level }) => level === 'warn')
        expect(warnings).toEqual([
          { level: 'warn', message: 'warning', reason: expect.stringContaining(`ssl-mode=${mode}: `) },
        ])
        expect(warnings[0]?.reason).toContain(what)
      })

      // MariaDB takes other files only when it starts; a container has not these.
      const withFiles = isMariaDb || way === 'docker' ? test.skip : test
      withFiles(
        'with a certificate that ends within 30 days is a warning in the report and one line in the log',
        async () => {
          const { authority, members } = await certificatesFor(
            join(directory, 'ending'),
            [['127.0.0.1']],
            'ending',
          )
          const [files] = members
          const reload = async () => void (await admin.query('ALTER INSTANCE RELOAD TLS'))
          await using _ = { [Symbol.asyncDispose]: reload } // last, with the server's own files again
          await using _ca = await setGlobal('ssl_ca', authority)
          await using _cert = await setGlobal('ssl_cert', files?.certificate ?? '')
          await using _key = await setGlobal('ssl_key', files?.key ?? '')
          await reload()
          const { step, lines } = await attempt({ ...env, PATH_TO_MYSQL_CERT: authority })
          expect(step('certificate')).toMatchObject({
            state: 'warning',
            found: { verified: true, daysLeft: 10 },
          })
          expect(lines.filter(({ level }) => level === 'warn')).toEqual([
            {
              level: 'warn',
              message: 'warning',
              reason: expect.stringMatching(
                /the server's certificate expires in 10 days \(\d{4}-\d\d-\d\d\)\. Renew it/,
              ),
            },
          ])
        },
      )

      test('that is switched off against a server that wants it is told with the way out', async () => {
        const { reason, step } = await attempt({ ...env, COMPOSE_MYSQL_URL: `${url}?ssl-mode=DISABLED` })
        // MariaDB calls it a wrong password.
        expect(reason).toContain(isMariaDb ? 'Or the server wants TLS: take' : `${server} wants TLS. Take`)
        expect(step('certificate')?.faults[0]?.problem).toContain('nothing is encrypted')
      })
    })

    describe('the schema', () => {
      test('that the user may not make, and that is not there, names the right that is missing', async () => {
        const few = await as('few', made, 'GRANT SELECT, INSERT ON compose.* TO @@')
        const { failedAt, reason } = await attempt(few)
        expect(failedAt).toBe('schema')
        expect(reason).toMatch(
          /the user few has no right to CREATE .*words.*\. GRANT SELECT, INSERT, CREATE ON/,
        )
      })

      test('that is there needs no right to make one; without a table for keys, that is a warning', async () => {
        await (await ready()).close()
        await admin.query('DROP TABLE grand_tour.word_keys')
        const few = await as(
          'few',
          made,
          'GRANT SELECT ON compose.* TO @@',
          'GRANT SELECT, INSERT ON grand_tour.* TO @@',
        )
        const { step, faults } = await attempt(few)
        expect(step('schema')).toMatchObject({
          state: 'warning',
          found: { database: 'grand_tour', created: false },
        })
        expect(faults).toEqual([
          expect.stringContaining(
            'may not create the table word_keys: words with an Idempotency-Key are refused',
          ),
        ])
      })

      test.each(['latin1', 'utf8mb3'])('in %s is a warning: emoji are refused', async (charset) => {
        await admin.query(`CREATE DATABASE grand_tour CHARACTER SET ${charset}`)
        await admin.query(
          'CREATE TABLE grand_tour.words (id serial PRIMARY KEY, word varchar(256) NOT NULL, definition varchar(100) NOT NULL)',
        )
        const { step, lines } = await attempt(env)
        expect(step('schema')).toMatchObject({
          state: 'warning',
          found: { charset: `${charset}, utf8mb4 on the connection`, created: false },
        })
        expect(step('schema')?.found?.differences).toEqual([
          expect.stringContaining(`its column word is ${charset} with 256 characters`),
          expect.stringContaining(`its column definition is ${charset} with 100 characters`),
        ])
        expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
      })

      test('with other columns fails the step, and names the table and what is missing', async () => {
        await admin.query('CREATE DATABASE grand_tour')
        await admin.query('CREATE TABLE grand_tour.words (id serial PRIMARY KEY, term text)')
        const { failedAt, reason } = await attempt(env)
        expect(failedAt).toBe('schema')
        expect(reason).toContain(
          'table grand_tour.words: it has the columns id, term; this stop needs word, definition',
        )
      })
    })

    test('texts travel as utf8mb4, also where the server says otherwise to every client', async () => {
      await using _ = await setGlobal('init_connect', 'SET NAMES latin1')
      await using stop = await ready()
      expect(inReport(stop.report()).step('schema')?.found?.charset).toBe('utf8mb4')
      await stop.execute(ADD, ['tea', '🍵'])
      expect(await rowsOf(admin, 'SELECT definition FROM grand_tour.words')).toEqual([{ definition: '🍵' }])
    })

    test('words are committed, and those of others seen, also where the server says otherwise to every client', async () => {
      await using _ = await setGlobal('init_connect', 'SET autocommit = 0')
      await using stop = await ready()
      const words = () => stop.execute<RowDataPacket[]>('SELECT word FROM words ORDER BY id')
      await stop.execute(ADD, ['ours', 'x'])
      expect(await rowsOf(admin, 'SELECT word FROM grand_tour.words')).toEqual([{ word: 'ours' }])
      expect(await words()).toHaveLength(1)
      await admin.query("INSERT INTO grand_tour.words (word, definition) VALUES ('theirs', 'x')")
      expect(await words()).toHaveLength(2)
    })

    test.each(['CHAIN', 'RELEASE'])(
      'a COMMIT ends its transaction, and nothing else, where the server says %s',
      async (type) => {
        await using _ = await setGlobal('completion_type', type)
        await using stop = await ready()
        for (const word of ['first', 'second']) {
          await stop.transaction('of a word', (execute) => execute(ADD, [word, 'x']))
          await stop.execute(ADD, [word, 'alone'])
        }
        expect(await rowsOf(admin, 'SELECT word FROM grand_tour.words')).toHaveLength(4)
      },
    )

    // As a proxy or a tunnel may pass it on.
    test.each([3, 10])(
      'a greeting that comes in pieces, of which the first has %i bytes, is read whole',
      async (bytes) => {
        const [host, port] = server.split(':') as [string, string]
        const relay = createServer((client) => {
          const behind = dial(Number(port), host).on('error', () => client.destroy())
          client.on('error', () => behind.destroy()).pipe(behind)
          behind.once('data', async (greeting: Buffer) => {
            behind.pause()
            client.setNoDelay().write(greeting.subarray(0, bytes))
            await wait(50)
            client.write(greeting.subarray(bytes))
            behind.pipe(client)
          })
        })
        await once(relay.listen(0, host), 'listening')
        const at = (relay.address() as AddressInfo).port
        const COMPOSE_MYSQL_URL = env.COMPOSE_MYSQL_URL?.replace(`:${port}`, `:${at}`) ?? ''
        expect(await attempt({ ...env, COMPOSE_MYSQL_URL })).toMatchObject({ reason: null, faults: [] })
        relay.close()
      },
    )

    test('what is there is found also where the server takes no backslash for an escape', async () => {
      await attempt(env)
      const few = await as(
        'few',
        made,
        'GRANT SELECT ON compose.* TO @@',
        'GRANT SELECT, INSERT ON grand_tour.* TO @@',
      )
      const [{ mode }] = (await rowsOf(admin, 'SELECT @@GLOBAL.sql_mode AS mode')) as [RowDataPacket]
      await using _ = await setGlobal('sql_mode', `${mode},NO_BACKSLASH_ESCAPES`)
      const { step, faults } = await attempt(few)
      expect(step('schema')).toMatchObject({ state: 'ok', found: { database: 'grand_tour', created: false } })
      expect(faults).toEqual([])
    })

    test('the isolation level of the session is told', async () => {
      const { step } = await attempt(env)
      expect(step('read and write')?.found).toEqual({
        rowsRead: 0,
        rowsWritten: null,
        consistency: 'REPEATABLE-READ',
      })
    })

    test('a server that is read-only is a warning at once, a 503 for writes, and one line when it is well again', async () => {
      await using stop = await ready()
      const warnings = () => stop.lines.filter(({ message }) => message === 'warning')
      {
        await using _ = await setGlobal('read_only', 1)
        await until('the warning', () => warnings().length > 0)
        expect(inReport(stop.report()).step('read and write')).toMatchObject({
          state: 'warning',
          faults: [{ problem: `${server} is read-only: words can be read, and adding one is refused` }],
        })
        expect(stop.status().ready).toBe(true)
        expect(await stop.refused(ADD, ['a', 'b'])).toContain(`${server} is read-only. Name the server that`)
      }
      await until('it to be well again', () => stop.lines.some(({ message }) => message === 'well again'))
      expect(await stop.refused(ADD, ['a', 'b'])).toBeUndefined()
      expect(warnings()).toHaveLength(1)
    })

    test('a server without room refuses a word in words; the table it has is a warning', async () => {
      // A table that may hold 16 kB answers as a full disk does (ER_RECORD_FILE_FULL), on any machine.
      await admin.query('CREATE DATABASE grand_tour')
      const one = await admin.getConnection()
      await one.query('SET SESSION max_heap_table_size = 16384')
      await one.query(
        'CREATE TABLE grand_tour.words (id serial PRIMARY KEY, word varchar(256) NOT NULL, definition varchar(256) NOT NULL) ENGINE = MEMORY CHARACTER SET utf8mb4',
      )
      one.release()
      await using stop = await ready()
      expect(inReport(stop.report()).faults).toEqual([expect.stringContaining('its engine is MEMORY')])
      const refusals: (string | undefined)[] = []
      for (let i = 0; i < 20 && refusals.at(-1) === undefined; i++)
        refusals.push(await stop.refused(ADD, ['w', 'x'.repeat(256)]))
      expect(refusals.length).toBeGreaterThan(1)
      expect(refusals.at(-1)).toBe(
        `COMPOSE_MYSQL_URL: ${server} has no room for more (ER_RECORD_FILE_FULL). Free or add disk space there, or raise the limit of the table or its tablespace.`,
      )
    })

    test('a full pool is told with its numbers, in time, and the report has them meanwhile', async () => {
      await using stop = await ready({ COMPOSE_MYSQL_POOL_SIZE: '2' })
      const locking = await admin.getConnection()
      try {
        await locking.query('LOCK TABLES grand_tour.words READ')
        const startedAt = steadyNow()
        const refusals = Array.from({ length: 27 }, () => stop.refused(ADD, ['a', 'b']))
        await until('the pool to be full', () => stop.report().live?.pool?.waiting === 25)
        expect(stop.report().live?.pool).toEqual({
          limit: 2,
          inUse: 2,
          idle: 0,
          waiting: 25,
          queueLimit: 200,
        })
        const messages = new Set(await Promise.all(refusals))
        expect(steadyNow() - startedAt).toBeLessThan(3500)
        expect(
          [...messages].some((text) => text?.includes('all 2 connections of the pool are busy, 2')),
        ).toBe(true)
        expect(messages.has(undefined)).toBe(false)
        expect(stop.status().ready).toBe(true)

        // More than may wait are told at once.
        const more = Array.from({ length: 203 }, () => stop.refused(ADD, ['a', 'b']))
        expect(await Promise.race(more)).toContain(
          'all 2 connections of the pool are busy, 200 requests waiting',
        )
      } finally {
        await locking.query('UNLOCK TABLES')
        locking.release()
      }
      await until('the pool to be free', async () => (await stop.refused('SELECT 1')) === undefined)
    })

    test('a server that refuses what a new connection says first is told in words, and nothing was sent', async () => {
      const few = await as('few', made, granted)
      await using stop = await ready(few)
      await admin.query("ALTER USER 'few'@'%' WITH MAX_QUERIES_PER_HOUR 1")
      await attempt(few) // which has had that one
      const error = await stop.execute(ADD, ['a', 'b']).catch((error) => error)
      expect(refusal(readConfig(few))(error)).toMatchObject({
        message: expect.stringMatching(/allows the user few no more \(max_que\w+\)/),
        sent: false,
      })
    })

    test('what the server will not do at this moment is a 503, and what another’s table does not take a 422', async () => {
      const answer = refusal(readConfig(env))
      const left = { code: 'ER_UNKNOWN_COM_ERROR', errno: 1047, sqlState: '08S01' }
      const conflict = { code: 'ER_LOCK_DEADLOCK', errno: 1213, sqlState: '40001' }
      for (const said of [left, conflict])
        expect(answer(Object.assign(new Error('said'), said))).toMatchObject({
          message: expect.stringContaining(`${server} refused (${said.code})`),
          sent: false,
        })
      await using stop = await ready()
      await admin.query('ALTER TABLE grand_tour.words ADD UNIQUE (word)')
      await stop.execute(ADD, ['once', 'x'])
      expect(answer(await stop.execute(ADD, ['once', 'y']).catch((error) => error))).toMatchObject({
        message: expect.stringContaining('has a rule that this word breaks'),
      })
    })

    // ER_ERROR_DURING_COMMIT; what Vitess and ProxySQL answer that have lost their server, or waited too long.
    test.each([1180, 1105, 1317, 1907, 2013])(
      'an answer that leaves open what became of it (%i) is a 503 in doubt',
      (errno) => {
        const error = Object.assign(new Error('lost'), { errno, sqlState: 'HY000' })
        const message = expect.stringContaining(`${server} failed (${errno})`)
        expect(refusal(readConfig(env))(error)).toMatchObject({ message, sent: true })
      },
    )

    test('a connection that the server refuses for a reason without words of ours is a 503', () => {
      const error = Object.assign(new Error('other'), { code: 'ER_OTHER', errno: 1, sqlState: 'HY000' })
      const answer = refusal(readConfig(env))
      expect(answer(error)).toBe(error)
      expect(answer(Object.assign(error, { sent: false }))).toMatchObject({
        message: expect.stringContaining(`${server} refused (ER_OTHER)`),
        sent: false,
      })
    })

    test('the pool is as the server sees it', async () => {
      await using stop = await ready()
      await Promise.all(Array.from({ length: 6 }, () => stop.execute('SELECT SLEEP(0.2)')))
      const { members, pool } = stop.report().live ?? {}
      const [{ count }] = (await rowsOf(
        admin,
        "SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = 'tour'",
      )) as [RowDataPacket]
      expect(pool).toMatchObject({ inUse: 0, idle: 6, waiting: 0 })
      expect(members).toMatchObject([{ address: server, up: true, connections: count }])
    })

    test('a server that keeps no more prepared statements is told, and this stop keeps few', async () => {
      await using stop = await ready()
      await Promise.all(Array.from({ length: 30 }, (_, i) => stop.execute(ADD, [`${i}`, 'x'])))
      const [kept] = await rowsOf(admin, "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'")
      expect(Number(kept?.Value)).toBeLessThanOrEqual(10 + 1)
      await using _ = await setGlobal('max_prepared_stmt_count', 0)
      expect(await stop.refused('SELECT 2')).toContain(
        `${server} keeps no more prepared statements (max_prepared_stmt_count). Raise it`,
      )
      const { failedAt, reason } = await attempt(env)
      expect(failedAt).toBe('read and write')
      expect(reason).toContain('max_prepared_stmt_count')
    })

    test('a name of which no address answers is told with its port, IPv6 and IPv4', async () => {
      const { failedAt, reason } = await attempt({
        ...env,
        COMPOSE_MYSQL_URL: url.replace(/127\.0\.0\.1:\d+/, 'localhost:1'),
      })
      expect(failedAt).toBe('port')
      expect(reason).toBe(
        'COMPOSE_MYSQL_URL: nothing listens on localhost:1 (ECONNREFUSED). Start the server, or correct the port.',
      )
    })
  },
)
