import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { paths, type WordsQuery } from 'contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodType } from 'zod'
import { Refused, Unavailable, wrongFields } from './errors.ts'

/** A word as its table has it; the id is what a cursor is made of. */
type Row = { id: string | number | bigint | { toString(): string }; word: string; definition: string }

type Source = {
  /** What a cursor looks like: an id of this table. */
  cursor: ZodType
  /** At most `limit` rows after the one with the id `after`, or from the first, in the order of the id or its token. */
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>
}

/**
 * Answers GET /words from a table that is read in pages: one page with a Link to the next (RFC 8288) when the query
 * has a limit, otherwise every word.
 *
 * The whole list is streamed: at most two pages are in memory however large the table and however slow the client,
 * and no connection to the database is held while a client reads. A page that cannot be read is tried once more;
 * then, if words are on their way already, the connection is destroyed, so that a list that is not whole never
 * parses.
 */
export const sendWords = async (
  request: FastifyRequest & { query: WordsQuery },
  reply: FastifyReply,
  { cursor, read }: Source,
): Promise<FastifyReply | undefined> => {
  const { limit, cursor: after } = request.query
  const { answerMs } = request.server.waits
  if (after !== undefined && !cursor.safeParse(after).success) {
    const fields = [{ field: 'cursor', message: 'is not a cursor of this service' }]
    throw new Refused(400, wrongFields('query', fields), fields)
  }
  if (limit !== undefined) {
    // One row more than asked for tells whether there is a next page.
    const rows = await readTwice(() => read(after, limit + 1), answerMs)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    if (rows.length > limit && last) {
      reply.header(
        'link',
        `<${paths.words}?limit=${limit}&cursor=${encodeURIComponent(`${last.id}`)}>; rel="next"`,
      )
    }
    return reply.type(json).send(`[${page.map(textOf).join(',')}]`)
  }

  const pageAfter = (id: string | undefined) => readTwice(() => read(id, streamedWords), answerMs)
  const first = await pageAfter(undefined)
  if (reply.sent || reply.raw.destroyed) return // told 503 already, or the client has left
  reply.hijack()
  reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), 'content-type': json })
  if (request.method === 'HEAD') reply.raw.end()
  else await streamTo(request, reply, textOfPages(first, pageAfter))
}

const json = 'application/json; charset=utf-8'

const textOf = ({ word, definition }: Row): string => JSON.stringify({ word, definition })

/** Sends the text as fast as the client reads; why it ended early, if it did, is in the line of the request. */
const streamTo = async (request: FastifyRequest, { raw }: FastifyReply, text: AsyncGenerator<Buffer>) => {
  raw.on('timeout', () => {
    request.failure = new Error(`the client read nothing for ${request.server.waits.readerMs / 1000} s`)
    raw.destroy()
  })
  try {
    await pipeline(text, raw)
  } catch (error) {
    // A connection that is gone says so by itself; its line tells.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE')
      request.failure ??= error as Error
  }
}

/**
 * One JSON array of the rows of every page, in pieces; the page after is read while one is sent. As bytes: of text,
 * a response counts the bytes and its socket the characters, and then waits for each other for ever where a piece is
 * too much for the one and not for the other (Node 26; https://github.com/nodejs/node/issues/60432).
 */
async function* textOfPages(first: readonly Row[], pageAfter: (id: string) => Promise<readonly Row[]>) {
  let rows = first
  let text = '['
  let separator = ''
  for (;;) {
    const last = rows.length < streamedWords ? undefined : rows.at(-1)
    const next = last && pageAfter(`${last.id}`)
    next?.catch(() => {}) // told where it is awaited, and of no interest once the client has left
    for (const row of rows) {
      text += separator + textOf(row)
      separator = ','
      if (text.length < pieceLength) continue
      yield Buffer.from(text)
      text = ''
    }
    if (next === undefined) break
    if (text !== '') yield Buffer.from(text)
    text = ''
    rows = await next
    // A source and a client that are both always ready would otherwise keep every other request waiting.
    await setImmediate()
  }
  yield Buffer.from(`${text}]`)
}

/**
 * Words read at a time for the whole list. Small enough that twenty slow readers, with two pages each, hold few
 * megabytes, and that one read is answered in time by a database that is busy with others.
 */
const streamedWords = 250

const pieceLength = 32 * 1024

const readTwice = async <Rows>(read: () => Promise<Rows>, ms: number): Promise<Rows> => {
  const attempt = () => within(ms, read())
  return attempt().catch(attempt)
}

const within = async <Result>(ms: number, work: Promise<Result>): Promise<Result> => {
  const { promise: expiry, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Unavailable(`The database did not answer within ${ms / 1000} s`)),
    ms,
  )
  return Promise.race([work, expiry]).finally(() => clearTimeout(timer))
}
