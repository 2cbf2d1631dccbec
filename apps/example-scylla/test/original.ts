import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { spawnStop, until } from 'conformance'
import { type Cluster, rowsOf } from './database.ts'

/** Declares the tests of tables that others made, and of settings that do not fit the cluster. */
export const testOriginal = ({ env, admin, way }: Cluster): void =>
  describe('what others made', () => {
    test('both names of the URL variable are understood', async () => {
      const { COMPOSE_SCYLLA_URL = '', ...rest } = env
      const stop = await spawnStop('example-scylla', { ...rest, COMPOSE_SCYLLA_URLS: COMPOSE_SCYLLA_URL })
      await stop.stop()
    })

    test('a data centre that the cluster has not is named with the one it has', async () => {
      const stop = await spawnStop(
        'example-scylla',
        { ...env, COMPOSE_SCYLLA_DATACENTER: 'dc9' },
        { waitUntilReady: false },
      )
      try {
        const reason = await until('the reason', async () => {
          const { reason } = await stop.client.ready()
          return reason !== 'connecting to the database' && reason
        })
        expect(reason).toBe(
          'COMPOSE_SCYLLA_DATACENTER: the cluster has no data centre dc9. Set it to datacenter1, or leave it out.',
        )
      } finally {
        await stop.stop()
      }
    })

    const make = async (key: string) => {
      // ScyllaDB refuses SimpleStrategy for a keyspace with tablets, as new ones are; older clusters have such keyspaces.
      const withoutTablets = way === 'docker' ? " AND tablets = {'enabled': false}" : ''
      const replication = `{'class': 'SimpleStrategy', 'replication_factor': 1}${withoutTablets}`
      await rowsOf(admin, `CREATE KEYSPACE IF NOT EXISTS grand_tour WITH replication = ${replication}`, [], {
        prepare: false,
      })
      await rowsOf(
        admin,
        `CREATE TABLE IF NOT EXISTS grand_tour.words (${key} uuid PRIMARY KEY, word text, definition text)`,
        [],
        { prepare: false },
      )
    }

    describe('tables of the original tour', () => {
      const drop = async () => {
        await rowsOf(admin, 'DROP KEYSPACE IF EXISTS grand_tour', [], { prepare: false })
      }
      beforeEach(drop, 60_000)
      afterAll(drop, 60_000)

      test('are read, words written here are read by plain CQL, and the keyspace is left as it is, with a warning', async () => {
        await make('id')
        await rowsOf(
          admin,
          "INSERT INTO grand_tour.words (id, word, definition) VALUES (uuid(), 'theirs', 'by plain CQL')",
        )
        const stop = await spawnStop('example-scylla', env)
        try {
          await stop.client.add({ word: 'ours', definition: 'over HTTP 😀' })
          const both = [
            { word: 'ours', definition: 'over HTTP 😀' },
            { word: 'theirs', definition: 'by plain CQL' },
          ]
          const byWord = (a: { word?: string }, b: { word?: string }) =>
            (a.word ?? '').localeCompare(b.word ?? '')
          expect((await stop.client.words()).sort(byWord)).toEqual(both)
          expect((await rowsOf(admin, 'SELECT word, definition FROM grand_tour.words')).sort(byWord)).toEqual(
            both,
          )
          const warning = 'keyspace grand_tour: its replication is SimpleStrategy'
          await until('the warning', () => stop.log().includes(warning))
          const [keyspace] = await rowsOf(
            admin,
            "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'grand_tour'",
          )
          expect(keyspace?.replication.class).toContain('SimpleStrategy')
        } finally {
          await stop.stop()
        }
      })

      test('are walked through page by page, whatever ids another program gave', async () => {
        await make('id')
        // Of no version that an RFC knows.
        for (const id of ['00000000-0000-0000-0000-000000000001', '11111111-1111-1111-1111-111111111111'])
          await rowsOf(
            admin,
            `INSERT INTO grand_tour.words (id, word, definition) VALUES (${id}, '${id}', 'x')`,
          )
        const stop = await spawnStop('example-scylla', env)
        try {
          const pages = await Array.fromAsync(stop.client.pages(1))
          expect(pages.flat()).toHaveLength(2)
        } finally {
          await stop.stop()
        }
      })

      test('with the key my_table_id are explained, not altered', async () => {
        await make('my_table_id')
        const stop = await spawnStop('example-scylla', env, { waitUntilReady: false })
        try {
          const reason = await until(
            'the reason',
            async () =>
              (await stop.client.ready()).reason?.includes('my_table_id') &&
              (await stop.client.ready()).reason,
          )
          expect(reason).toContain(
            'as the Node.js version of the tour makes it; this stop needs (id uuid key)',
          )
          const columns = await rowsOf(
            admin,
            "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'grand_tour' AND table_name = 'words'",
          )
          expect(columns.map(({ column_name }) => column_name).sort()).toEqual([
            'definition',
            'my_table_id',
            'word',
          ])
        } finally {
          await stop.stop()
        }
      })
    })
  })
