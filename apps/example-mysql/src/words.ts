import { contract } from 'contract'
import type { RowDataPacket } from 'mysql2/promise'
import { type FastifyPluginAsyncZod, sendWords } from 'server'
import * as z from 'zod'
import type { Database } from './connection.ts'
import { insertOnce, type WithId } from './once.ts'
import { sharedWrites } from './shared-writes.ts'

// The numbers travel as text: the driver sends a number as a double, which LIMIT does not take and an id may not survive.
const SHORT = 'SELECT word, definition FROM words ORDER BY id LIMIT ?'
const PAGE = 'SELECT id, word, definition FROM words WHERE id > CAST(? AS UNSIGNED) ORDER BY id LIMIT ?'
const ADD = 'INSERT INTO words (word, definition) VALUES (?, ?)'

type Row = RowDataPacket & { id: number | string; word: string; definition: string }

/** The read and the write. Words come in the order they were added. */
export const words =
  (database: Database, { sharesWrites }: { sharesWrites: boolean }): FastifyPluginAsyncZod =>
  async (server) => {
    const list = sendWords({
      cursor: z.string().regex(/^\d{1,20}$/),
      read: (after, limit) => database.execute<Row[]>(PAGE, [after ?? '0', String(limit)]),
      readShort: (limit) => database.execute<Row[]>(SHORT, [String(limit)]),
    })
    server.get('/words', { schema: contract.getWords }, list)

    const mayShare = () => sharesWrites && database.current().canRollBack
    const add = sharedWrites((rows: readonly string[][]) => database.insert(ADD, rows), mayShare)
    const addOnce = sharedWrites((rows: readonly WithId[]) => insertOnce(database, ADD, rows), mayShare)
    server.put('/words', { schema: contract.putWord }, async ({ body, wordId }, reply) => {
      const values = [body.word, body.definition]
      await (wordId === undefined ? add(values) : addOnce({ id: wordId, values }))
      return reply.code(204).send()
    })
  }
