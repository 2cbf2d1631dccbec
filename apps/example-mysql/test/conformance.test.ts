import { afterAll, describe } from '@jest/globals'
import { type StopUnderTest, testMinimal, testPage, testStop } from 'conformance'
import { freshDatabase, rowsOf } from './database.ts'

// The whole contract, on MySQL itself and on the other server that speaks its protocol.
for (const server of ['mysqld', 'mariadbd'] as const) {
  const { env, admin, release } = await freshDatabase({ server })
  const stop: StopUnderTest = {
    name: `the MySQL stop on ${server}`,
    app: 'example-mysql',
    env,
    emptyTable: async () => {
      const made = await rowsOf(admin, "SHOW TABLES FROM grand_tour LIKE 'words'").catch(() => [])
      if (made.length > 0) await admin.query('TRUNCATE TABLE grand_tour.words')
    },
    fill: async (words) => {
      const values = words.map(({ word, definition }) => [word, definition])
      await admin.query('INSERT INTO grand_tour.words (word, definition) VALUES ?', [values])
    },
    // By what the server says, and by the pool: one that is never given back sleeps.
    connectionsInUse: async ({ client }) => {
      const { live } = await client.connection()
      if (!live?.pool) throw new Error('the stop tells of no pool')

      const busy = "SELECT 1 FROM information_schema.processlist WHERE user = 'tour' AND command <> 'Sleep'"
      return live.pool.inUse + (await rowsOf(admin, busy)).length
    },
  }
  testStop(stop)
  if (server === 'mysqld') {
    testPage(stop)
    const byName = { COMPOSE_MYSQL_URL: env.COMPOSE_MYSQL_URL?.replace('127.0.0.1', 'localhost') ?? '' }
    describe.each([
      ['an address', env],
      ['a name', { ...env, ...byName }],
    ])('of %s', (_, variables) => testMinimal('example-mysql', 'mysql2', variables))
  }
  afterAll(release)
}
