import { createHash } from 'node:crypto'
import { paths, type Word } from 'contract'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The id that a word sent with an Idempotency-Key has, however often it is sent: a UUID; undefined without a key.
     * A stop stores one word under one id.
     */
    wordId: string | undefined
  }
}

/** Gives requests for PUT /words that carry an Idempotency-Key their {@link FastifyRequest.wordId}. */
export const giveWordIds = (server: FastifyInstance) => {
  server.decorateRequest('wordId', undefined)
  // After validation: the key is a UUID and the body a word, whether it came as a form or as JSON.
  server.addHook('preHandler', (request, _, done) => {
    const key = request.headers['idempotency-key']
    if (request.route === paths.words && request.method === 'PUT' && typeof key === 'string')
      request.wordId = wordIdOf(key, request.body as Word)
    done()
  })
}

/**
 * Key and word in one id, so that a key reaches no row but that of the word it was sent with: a UUID of version 5 in
 * the namespace of the key. As JSON, because "a" and "bc" must not read like "ab" and "c".
 */
const wordIdOf = (key: string, { word, definition }: Word): string =>
  uuidV5(JSON.stringify([word, definition]), key)

/**
 * The UUID of version 5 of a name in a namespace, itself a UUID. Node.js makes versions 4 and 7 only.
 * Source: https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
const uuidV5 = (name: string, namespace: string): string => {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6) // the version
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8) // the variant
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
