import { describe, expect, test } from '@jest/globals'
import { contract } from 'contract'
import { KeysNotKept, Unavailable } from 'server'
import { problemOf, serve } from './serve.ts'

const key = '0b3e1c1e-8c5d-4f5e-9a57-6f1d2c3b4a59'

/** A server whose PUT /words tells, in a header of its answer, which id the word has. */
const served = () =>
  serve({
    routes: async (server) => {
      server.put('/words', { schema: contract.putWord }, async ({ wordId }, reply) =>
        reply
          .header('word-id', wordId ?? 'none')
          .code(204)
          .send(),
      )
    },
  })

const put = async (url: string, word: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${url}/words`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(word),
  })

describe('the id of a word that is sent with a key', () => {
  // Made with Python: uuid.uuid5(uuid.UUID(key), '["tour","a journey"]')
  test.each([
    ['tour', 'a journey', 'e93d88d6-f4f9-537e-bcf5-a020a1697fbb'],
    ['é😀', '"', '10e6867d-6929-503f-9d22-356307192f08'],
    ['a', 'bc', '0a29a7c6-6201-5eb5-a6c9-3c1395cdfb7d'],
    ['ab', 'c', '77370f5a-2cb3-5698-8859-007297b9bd87'],
  ])('is a UUID of version 5 of the word and its definition: %j, %j', async (word, definition, id) => {
    const { url } = await served()
    const response = await put(url, { word, definition }, { 'idempotency-key': key })
    expect(response.headers.get('word-id')).toBe(id)
  })

  test('is the same for a form, and for a key in capitals', async () => {
    const { url } = await served()
    const word = { word: 'é😀', definition: '"' }
    const headers = { 'idempotency-key': key.toUpperCase() }
    const form = await fetch(`${url}/words`, { method: 'PUT', headers, body: new URLSearchParams(word) })
    expect(form.headers.get('word-id')).toBe('10e6867d-6929-503f-9d22-356307192f08')
  })

  test('is not there without a key', async () => {
    const { url } = await served()
    const response = await put(url, { word: 'tour', definition: 'a journey' })
    expect(response.headers.get('word-id')).toBe('none')
  })
})

describe('a key', () => {
  test('that is no UUID is refused by name', async () => {
    const { url } = await served()
    const response = await put(url, { word: 'a', definition: 'b' }, { 'idempotency-key': 'tour' })
    expect(await problemOf(response)).toMatchObject({
      status: 400,
      errors: [{ field: 'idempotency-key', message: expect.stringContaining('must be a UUID') }],
    })
  })

  test('is named where a word is in doubt, so that it can be sent again', async () => {
    const { url } = await serve({
      put: async () => {
        throw new Unavailable('The server did not answer')
      },
    })
    const detailOf = async (response: Response) => (await problemOf(response)).detail
    const doubt = 'The server did not answer. The word may or may not have been stored'
    expect(await detailOf(await put(url, { word: 'a', definition: 'b' }))).toBe(`${doubt}.`)
    expect(await detailOf(await put(url, { word: 'a', definition: 'b' }, { 'idempotency-key': key }))).toBe(
      `${doubt}: send it again with the same Idempotency-Key.`,
    )
  })

  test('that cannot be kept is answered with 501 and the reason, and is no error of the service', async () => {
    const { url, log } = await serve({
      put: async () => {
        throw new KeysNotKept('There is no table for keys')
      },
    })
    const problem = await problemOf(
      await put(url, { word: 'a', definition: 'b' }, { 'idempotency-key': key }),
    )
    expect(problem).toMatchObject({
      status: 501,
      title: 'Not Implemented',
      detail: 'There is no table for keys',
    })
    expect(log.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })
})
