import { describe, expect, test } from '@jest/globals'
import { types } from 'cassandra-driver'
import { type Stop, spawnStop, testKills } from 'conformance'
import { newKey } from 'contract'
import { type Cluster, rowsOf } from './database.ts'

/** Declares the tests of words that come with an Idempotency-Key. */
export const testOnce = ({ env, admin, members, control }: Cluster): void => {
  const stored = (word: string) =>
    rowsOf(
      admin,
      'SELECT id, word, definition, writetime(word) AS written FROM grand_tour.words WHERE word = ? ALLOW FILTERING',
      [word],
      quorum,
    )

  /** Sends a word twice with the same key, and does something to its row in between. */
  const sendTwice = async ({ client }: Stop, word: string, between: (id: unknown) => Promise<unknown>) => {
    const key = newKey()
    await client.add({ word, definition: 'as sent' }, { key })
    const [row] = await stored(word)
    await between(row?.id)
    await client.add({ word, definition: 'as sent' }, { key })
    return stored(word)
  }

  describe('a word that is sent again with its key', () => {
    test('changes nothing, brings nothing back that was deleted, and takes no correction back', async () => {
      const stop = await spawnStop('example-scylla', env)
      try {
        const word = `again ${newKey()}`
        let before: unknown
        const [once, ...more] = await sendTwice(stop, `${word} 1`, async () => {
          before = await stored(`${word} 1`)
        })
        expect([once, ...more]).toEqual(before)
        expect(String(once?.id)).toMatch(/^[0-9a-f-]{14}5/)

        const deleted = await sendTwice(stop, `${word} 2`, (id) =>
          rowsOf(admin, 'DELETE FROM grand_tour.words WHERE id = ?', [id]),
        )
        expect(deleted).toEqual([])

        const corrected = await sendTwice(stop, `${word} 3`, (id) =>
          rowsOf(admin, "UPDATE grand_tour.words SET definition = 'corrected' WHERE id = ?", [id]),
        )
        expect(corrected).toMatchObject([{ definition: 'corrected' }])
      } finally {
        await stop.stop()
      }
    })
  })

  let next = 0
  testKills('ScyllaDB', {
    app: 'example-scylla',
    env,
    killDatabase: async () => {
      const member = next++ % members.length
      await control(member, 'kill')
      await control(member, 'start')
    },
    storedWords: async () => {
      const query = 'SELECT word FROM grand_tour.words'
      const result = await admin.execute(query, [], { ...quorum, readTimeout: 20_000 })
      return Array.fromAsync(result, ({ word }) => word) // the result has the first page, and gets the others
    },
  })
}

/** Less might ask a member that was down when the row was written. */
const quorum = { consistency: types.consistencies.localQuorum }
