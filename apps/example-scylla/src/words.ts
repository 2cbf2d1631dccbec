import { randomUUID } from 'node:crypto'
import { types } from 'cassandra-driver'
import { contract } from 'contract'
import { type FastifyPluginAsyncZod, sendWords } from 'server'
import * as z from 'zod'
import type { Database } from './connection.ts'

const SHORT = 'SELECT word, definition FROM grand_tour.words LIMIT ?'
const FIRST_PAGE = 'SELECT id, word, definition FROM grand_tour.words LIMIT ?'
const NEXT_PAGE = 'SELECT id, word, definition FROM grand_tour.words WHERE token(id) > token(?) LIMIT ?'
const ADD = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?)'
// The oldest write there can be: sent again, it changes nothing, and never brings back what was deleted or corrected.
const ADD_ONCE = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?) USING TIMESTAMP 1'

type Row = types.Row & { id: types.Uuid; word: string; definition: string }

/**
 * All of them: a member may end a page early, and even leave it empty (ScyllaDB: at 1 MB, and after 10,000 rows that were
 * deleted). The driver's own iterator takes an empty page for the last one (lib/types/result-set.js, 4.10).
 */
export const rowsOf = async (execute: Database['execute'], cql: string, values: unknown[]) => {
  let { rows, pageState } = await execute(cql, values)
  while (pageState !== null) {
    const page = await execute(cql, values, { pageState })
    rows = [...rows, ...page.rows]
    pageState = page.pageState
  }
  return rows as Row[]
}

/** The read and the write. Words come in the order of their tokens, which is the order the members keep them in. */
export const words =
  (database: Database): FastifyPluginAsyncZod =>
  async (server) => {
    const list = sendWords({
      cursor: z.guid(), // any 16 bytes: ids that another program made need not be those of an RFC
      read: (after, limit) =>
        after === undefined
          ? rowsOf(database.execute, FIRST_PAGE, [limit])
          : rowsOf(database.execute, NEXT_PAGE, [types.Uuid.fromString(after), limit]),
      readShort: (limit) => rowsOf(database.execute, SHORT, [limit]),
    })
    server.get('/words', { schema: contract.getWords }, list)

    server.put('/words', { schema: contract.putWord }, async ({ body, wordId }, reply) => {
      // Not Uuid.random(): the driver asks for random bytes one id at a time, Node.js for many.
      const id = types.Uuid.fromString(wordId ?? randomUUID())
      await database.execute(wordId === undefined ? ADD : ADD_ONCE, [id, body.word, body.definition])
      return reply.code(204).send()
    })
  }
