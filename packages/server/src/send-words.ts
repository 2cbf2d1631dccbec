import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { within } from 'connection'
import { paths, type WordsQuery } from 'contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodType } from 'zod'
import { Refused, Unavailable, wrongFields } from './errors.ts'
import { sharedReads } from './shared-reads.ts'
import { turns } from './turns.ts'
import { firstPages, type Page, pageBytes, pages, type Read, type ReadShort, textOf } from './word-pages.ts'

type Source = {
  /** What a cursor looks like: an id of this table. */
  cursor: ZodType
  read: Read
  /** For lists that are short: the same rows, without ids. */
  readShort?: ReadShort
}

/**
 * A handler that answers GET /words from a table that is read in pages: one page with a Link to the next (RFC 8288)
 * when the query has a limit, otherwise every word.
 *
 * The whole list is streamed: at most two pages are in memory however large the table and however slow the client,
 * and no connection to the database is held while a client reads. What `read` may try again it does itself; where it
 * fails and words are on their way already, the connection is destroyed, so that a list that is not whole never
 * parses. Lists that are asked for at the same time share the read of their first page, which is all of a short one.
 */
export const sendWords = ({ cursor, read, readShort }: Source) => {
  const readFirst = firstPages(read, readShort)
  // As bytes, which all who share it send. For one alone, text is cheaper: it leaves with its head in one piece, and a list of
  // a hundred rows costs a twentieth less.
  const share = sharedReads(async () => {
    const first = await readFirst()
    return typeof first.json === 'string' ? { json: Buffer.from(first.json), last: undefined } : first
  })
  const inTurn = turns(mostPagesAtOnce)
  /** How many long lists are being sent. */
  let lists = 0

  return async (request: FastifyRequest & { query: WordsQuery }, reply: FastifyReply) => {
    const { limit, cursor: after } = request.query
    const { answerMs } = request.server.waits
    if (after !== undefined && !cursor.safeParse(after).success) {
      const fields = [{ field: 'cursor', message: 'is not a cursor of this service' }]
      throw new Refused(400, wrongFields('query', fields), fields)
    }
    reply.type('application/json; charset=utf-8')
    if (limit !== undefined) {
      // One row more than asked for tells whether there is a next page.
      const rows = await read(after, limit + 1)
      const last = rows.length > limit ? rows[limit - 1] : undefined
      if (last) {
        const query = `limit=${limit}&cursor=${encodeURIComponent(`${last.id}`)}`
        reply.header('link', `<${paths.words}?${query}>; rel="next"`)
      }
      return reply.send(textOf(rows.slice(0, limit)))
    }

    const first = await (request.server.sharesReads ? share() : readFirst())
    if (reply.sent || reply.raw.destroyed) return // told 503 already, or the client has left
    if (first.last === undefined) return reply.send(first.json)
    reply.hijack()
    reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
    if (request.method === 'HEAD') return void reply.raw.end()
    const readPage = pages(read, first.rowBytes, () => pageBytes(lists))
    const late = () =>
      new Unavailable(`The database did not answer within ${answerMs / 1000} s`, { isPublic: true })
    const pageAfter = (id: string) => inTurn(() => within(answerMs, readPage(id), late))
    lists++
    await stream(request, reply, jsonOfPages(first, pageAfter)).finally(() => lists--)
  }
}

/**
 * Pages of long lists that are read at the same time, of all lists: those who read them leave connections to others, and
 * ten of them take 45 MB less than without a limit (CQL).
 */
const mostPagesAtOnce = 3

/** Sends the pieces as fast as the client reads; why it ended early, if it did, is in the line of the request. */
const stream = async (request: FastifyRequest, { raw }: FastifyReply, pieces: AsyncGenerator<Buffer>) => {
  raw.on('timeout', () => {
    request.failure = new Error(`the client read nothing for ${request.server.waits.readerMs / 1000} s`)
    raw.destroy()
  })
  try {
    await pipeline(pieces, raw)
  } catch (error) {
    // A connection that is gone says so by itself; its line tells.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE')
      request.failure ??= error as Error
  }
}

/**
 * The rows of every page as one JSON array, page by page; the one after is read while one is sent. As bytes: of text,
 * a response counts the bytes and its socket the characters, and then waits for each other for ever where a piece is
 * too much for the one and not for the other (Node 26; https://github.com/nodejs/node/issues/60432).
 */
async function* jsonOfPages(first: Page, pageAfter: (id: string) => Promise<Page>) {
  let { json, last } = first
  while (last !== undefined) {
    const next = pageAfter(last)
    next.catch(() => {}) // told where it is awaited, and of no interest once the client has left
    yield json.subarray(0, -1)
    const page = await next
    const isEmpty = page.json.length === 2
    json = isEmpty ? page.json.subarray(1) : withComma(page.json)
    last = page.last
    // A source and a client that are both always ready would otherwise keep every other request waiting.
    await setImmediate()
  }
  yield json
}

/** The array with a comma in the place of its opening bracket. */
const withComma = (json: Buffer): Buffer => {
  json[0] = 0x2c
  return json
}
