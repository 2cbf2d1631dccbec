import { contract, type Word } from 'contract'
import { type FastifyPluginAsyncZod, sendWords } from 'server'
import * as z from 'zod'
import { firstTimes } from './first-times.ts'

/** Where a stop with a database has its table: the word with the id n stands at n - 1. */
export type Store = Word[]

/** The read and the write. Words come in the order they were added. */
export const words =
  (store: Store): FastifyPluginAsyncZod =>
  async (server) => {
    const isFirst = firstTimes()

    const list = sendWords({
      cursor: z.string().regex(/^\d{1,15}$/),
      read: async (after, limit) => {
        const start = Number(after ?? 0)
        return store.slice(start, start + limit).map((row, index) => ({ id: start + index + 1, ...row }))
      },
    })
    server.get('/words', { schema: contract.getWords }, list)

    server.put('/words', { schema: contract.putWord }, async ({ body, wordId }, reply) => {
      if (wordId === undefined || isFirst(wordId)) store.push(body)
      return reply.code(204).send()
    })
  }
