import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { runDiagnose, spawnStop, until } from 'conformance'
import { ConnectionReport } from 'contract'
import { inReport } from './attempt.ts'
import { freshDatabase, rowsOf } from './database.ts'

const { env, admin, control, members, release } = await freshDatabase()
afterAll(release)

const folder = join(import.meta.dirname, '..')
const url = env.COMPOSE_MYSQL_URL ?? ''
const port = String(members[0]?.port)

/** Runs the command `diagnose` in an environment of its own. */
const diagnose = async (environment: Record<string, string>, ...options: string[]) => {
  const run = await runDiagnose('example-mysql', environment, ...options)
  expect(run.out + run.err).not.toContain(new URL(url).password)
  return run
}

const reportOf = async (environment: Record<string, string>, ...options: string[]) => {
  const { out, code } = await diagnose(environment, '--json', ...options)
  const report = ConnectionReport.parse(JSON.parse(out))
  return { code, state: report.state, database: report.database, ...inReport(report) }
}

/** Everything that another program can see of the database. */
const everything = async () => {
  const tables = await rowsOf(
    admin,
    "SELECT table_schema AS s, table_name AS t FROM information_schema.tables WHERE table_schema IN ('grand_tour', 'compose') ORDER BY 1, 2",
  )
  const contents = await Promise.all(
    tables.map(async ({ s, t }) => [
      await rowsOf(admin, 'SHOW CREATE TABLE ??.??', [s, t]),
      await rowsOf(admin, 'SELECT * FROM ??.??', [s, t]),
    ]),
  )
  return { databases: await rowsOf(admin, 'SHOW DATABASES'), tables, contents }
}

describe('diagnose', () => {
  test('where there is no table yet warns, creates nothing, even with --write, and ends with 0', async () => {
    const before = await everything()
    const { code, step, states } = await reportOf(env, '--write')
    expect(step('schema')).toMatchObject({
      state: 'warning',
      faults: [{ origin: 'table grand_tour.words', problem: 'it is not there yet' }],
    })
    expect(states).toEqual(['ok', 'ok', 'ok', 'ok', 'warning', 'skipped'])
    expect(code).toBe(0)
    expect(await everything()).toEqual(before)
  })

  test('of a database that is well goes the six steps as the stop does, only reads, and ends with 0', async () => {
    const stop = await spawnStop('example-mysql', env)
    await stop.client.add({ word: 'first', definition: 'of all' })
    const running = inReport(await stop.client.connection())
    await stop.stop()
    const before = await everything()
    const { code, state, step, database } = await reportOf(env)
    expect({ code, state }).toEqual({ code: 0, state: 'ok' })
    expect(database).toMatchObject({ name: 'MySQL', tls: 'TLSv1.3', verified: true })
    for (const name of ['name', 'port', 'certificate', 'login'] as const)
      expect(step(name)?.found).toEqual(running.step(name)?.found)
    expect(step('schema')?.found).toEqual({ ...running.step('schema')?.found, created: false })
    expect(step('read and write')?.found).toEqual({
      rowsRead: 1,
      rowsWritten: null,
      consistency: 'REPEATABLE-READ',
    })
    expect(await everything()).toEqual(before)
  })

  test('--write writes a row and leaves nothing behind, not even a gap in the ids', async () => {
    const before = await everything()
    const { code, step } = await reportOf(env, '--write')
    expect(code).toBe(0)
    expect(step('read and write')?.found).toMatchObject({ rowsRead: 1, rowsWritten: 1 })
    expect(await everything()).toEqual(before)
    await admin.query("INSERT INTO grand_tour.words (word, definition) VALUES ('next', 'id')")
    expect(await rowsOf(admin, 'SELECT id FROM grand_tour.words ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }])
    await admin.query('DELETE FROM grand_tour.words WHERE id = 2')
  })

  test('--write to a table without transactions writes nothing, because nothing could be rolled back', async () => {
    await admin.query('ALTER TABLE grand_tour.words ENGINE = MyISAM')
    try {
      const before = await everything()
      const { step, faults } = await reportOf(env, '--write')
      expect(step('read and write')?.found?.rowsWritten).toBeNull()
      expect(faults).toEqual([expect.stringContaining('its engine is MyISAM, without transactions')])
      expect(await everything()).toEqual(before)
    } finally {
      await admin.query('ALTER TABLE grand_tour.words ENGINE = InnoDB')
    }
  })

  test('of a configuration that cannot be tried ends with 2 and names every wrong variable', async () => {
    const wrong = { COMPOSE_MYSQL_URL: 'mysql://tour@nowhere', PATH_TO_MYSQL_CERT: '/nowhere/ca.pem' }
    const { code, err, out } = await diagnose(wrong)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('COMPOSE_MYSQL_URL: names no user and password')
    expect(err).toContain('PATH_TO_MYSQL_CERT: /nowhere/ca.pem does not exist')
    const inJson = await diagnose(wrong, '--json')
    expect(inJson.code).toBe(2)
    expect(ConnectionReport.parse(JSON.parse(inJson.out))).toMatchObject({ state: 'failed' })
  })

  test('of a server that is paused says so within its time', async () => {
    await control(0, 'pause')
    try {
      const { code, out, ms } = await diagnose(env)
      expect(code).toBe(1)
      expect(out).toContain(`127.0.0.1:${port} accepts connections and says nothing`)
      expect(ms).toBeLessThan(15_000)
    } finally {
      await control(0, 'resume')
    }
  })

  // In the README as it was printed: numbers differ from one run to the next.
  const faults = {
    'a wrong password': { ...env, COMPOSE_MYSQL_URL: url.replace(/:[^:@]+@/, ':wrong@') },
    'nothing listens': { ...env, COMPOSE_MYSQL_URL: url.replace(`:${port}/`, ':3307/') },
    'an unknown authority': { COMPOSE_MYSQL_URL: url },
  }
  test.each(Object.entries(faults))('prints what the README says, of %s', async (_, environment) => {
    const { out, code } = await diagnose(environment)
    expect(code).toBe(1)
    const readme = await readFile(join(folder, 'README.md'), 'utf8')
    // Between the fences, every second part is code; its first line is the fence's own end.
    const blocks = readme.split(/^```.*$/m).flatMap((part, i) => (i % 2 === 1 ? [normal(part.slice(1))] : []))
    expect(blocks).toContainEqual(normal(out))
  })
})

const normal = (printed: string): string =>
  printed
    .replaceAll(port, '3306')
    .replace(/\d+(\.\d+)? ms/g, 'N ms')
    .replace(/\d+ days left/g, 'N days left')
    .replace(/until \d{4}-\d\d-\d\d/g, 'until DATE')
    .replace(/MySQL \d+\.\d+\.\d+/g, 'MySQL VERSION')
    .trim()

test('/connection says how it stands before the server is there, while it is, when it is killed and when it is back', async () => {
  await control(0, 'kill')
  const stop = await spawnStop('example-mysql', env, { waitUntilReady: false })
  try {
    const report = () => stop.client.connection()
    const refused = `COMPOSE_MYSQL_URL: nothing listens on 127.0.0.1:${port} (ECONNREFUSED). Start the server, or correct the port.`

    const before = await until('the first attempt to end', async () => {
      const now = await report()
      return now.state === 'failed' && now
    })
    expect(before).toMatchObject({ reason: refused, database: null, hidden: false })
    expect(inReport(before).states).toEqual(['ok', 'failed', 'skipped', 'skipped', 'skipped', 'skipped'])
    expect(before.live).toMatchObject({ members: [], pool: null, events: [] })
    expect(before.live?.nextAttemptMs).toBeLessThanOrEqual(1000)

    await control(0, 'start')
    const up = await until('it to be connected', async () => {
      const now = await report()
      return now.state === 'ok' && now
    })
    expect(inReport(up).states).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
    expect(up.live).toMatchObject({
      members: [{ address: `127.0.0.1:${port}`, up: true }],
      events: [{ what: 'connected', reason: null }],
      nextAttemptMs: null,
    })

    await control(0, 'kill')
    const lost = await until('the loss', async () => {
      const now = await report()
      return now.reason === refused && now
    })
    expect(lost).toMatchObject({ state: 'failed', database: { name: 'MySQL' } })
    expect(lost.live).toMatchObject({ members: [{ up: false }] })
    expect(lost.live?.events.map(({ what }) => what)).toEqual(['connected', 'lost'])
    expect(lost.live?.events[1]?.reason).toMatch(/^COMPOSE_MYSQL_URL: /)

    await control(0, 'start')
    const back = await until('the return', async () => {
      const now = await report()
      return now.state === 'ok' && now
    })
    expect(back.live?.events.map(({ what }) => what)).toEqual(['connected', 'lost', 'connected'])
    // A line when it fails first, one for each other reason, one when it is well: not one for each attempt.
    await until('its line', () => (stop.log().match(/"msg":"database connected"/g) ?? []).length === 2)
    const told =
      stop.log().match(/"msg":"(waiting for the database|database lost|database connected)"/g) ?? []
    expect(told.length).toBeLessThanOrEqual(6)
    expect(new Set(told).size).toBe(3)
    expect(stop.log()).not.toContain(new URL(url).password)
  } finally {
    await stop.stop()
  }
}, 180_000)
