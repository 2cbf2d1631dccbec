import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { newKey, type Word } from 'contract'
import { expectAdded, expectProblem, form, json, type Subject, unique } from './requests.ts'

/** PUT /words with an Idempotency-Key: a request that may have been lost can be sent again. */
export const testIdempotency = (subject: Subject): void => {
  const put = (key: string, body: string | URLSearchParams, contentType: string) =>
    fetch(`${subject.stop.url}/words`, {
      method: 'PUT',
      headers: { 'content-type': contentType, 'idempotency-key': key },
      body,
    })
  const putJson = (key: string, word: object) => put(key, JSON.stringify(word), json)
  const putForm = (key: string, word: Word) => put(key, new URLSearchParams(word), form)
  const stored = async (tag: string) =>
    (await subject.stop.client.words())
      .filter((row) => Object.values(row).join().includes(tag))
      .map(({ word, definition }) => [word, definition])
      .sort()
  const aWord = (text: string) => ({ word: unique(text), definition: 'x' })

  describe('a word with an Idempotency-Key', () => {
    test('is stored once, however often it is sent, and answered 204 each time', async () => {
      const [key, word] = [newKey(), aWord('once')]
      for (let times = 0; times < 3; times++) await expectAdded(await putJson(key, word))
      expect(await stored(word.word)).toEqual([[word.word, 'x']])
    })

    test('is stored once whether it comes as JSON or as a form, in whatever order its fields are', async () => {
      const [key, word] = [newKey(), aWord('é😀 + %')]
      await expectAdded(await putForm(key, word))
      await expectAdded(await putJson(key, word))
      await expectAdded(await putJson(key, { definition: word.definition, word: word.word }))
      expect(await stored(word.word)).toEqual([[word.word, 'x']])
    })

    test('is stored once where 32 requests send it at the same time', async () => {
      const [key, word] = [newKey(), aWord('32 times')]
      const responses = await Promise.all(Array.from({ length: 32 }, () => putJson(key, word)))
      expect(responses.map(({ status }) => status)).toEqual(Array(32).fill(204))
      expect(await stored(word.word)).toEqual([[word.word, 'x']])
    })

    test('is another word where the key is the same and a text is not', async () => {
      const [key, tag] = [newKey(), unique('other')]
      const words = [
        [`${tag}a`, 'bc'],
        [`${tag}ab`, 'c'],
        [`${tag}ab`, 'c '],
      ] as const
      for (const [word, definition] of [...words, ...words])
        await expectAdded(await putJson(key, { word, definition }))
      expect(await stored(tag)).toEqual([...words].sort())
    })

    test('is stored twice with two keys, and without a key', async () => {
      const word = aWord('twice')
      await expectAdded(await putJson(newKey(), word))
      await expectAdded(await putJson(newKey(), word))
      await subject.stop.client.add(word)
      await subject.stop.client.add(word)
      expect(await stored(word.word)).toHaveLength(4)
    })

    test('that was refused can be sent again with the same key', async () => {
      const [key, word] = [newKey(), aWord('at last')]
      await expectProblem(await putJson(key, { ...word, definition: ' ' }), 400)
      await expectProblem(await put(key, JSON.stringify(word), 'text/plain'), 415)
      await expectAdded(await putJson(key, word))
      expect(await stored(word.word)).toEqual([[word.word, 'x']])
    })

    test.each([
      ['1', '0b3e1c1e-8c5d-11ef-9a57-6f1d2c3b4a59'],
      ['4', randomUUID()],
      ['5', '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
      ['7', '0192d0c4-8c5d-7f5e-9a57-6f1d2c3b4a59'],
      ['4 in capitals', randomUUID().toUpperCase()],
    ])('may have a UUID of version %s for a key', async (_, key) => {
      const word = aWord('version')
      await expectAdded(await putJson(key, word))
      await expectAdded(await putJson(key.toLowerCase(), word))
      expect(await stored(word.word)).toEqual([[word.word, 'x']])
    })

    test.each([
      ['is empty', ''],
      ['is no UUID', 'tour'],
      ['has no hyphens', randomUUID().replaceAll('-', '')],
      ['stands in braces', `{${randomUUID()}}`],
      ['is too long', `${randomUUID()}0`],
      ['has a letter that is no digit', `${randomUUID().slice(0, -1)}g`],
      ['is two', `${randomUUID()}, ${randomUUID()}`],
      ['tries to be SQL', "' OR '1'='1"],
    ])('is refused by the name of the header when its key %s', async (_, key) => {
      const word = aWord('refused')
      const { errors } = await expectProblem(await putJson(key, word), 400)
      expect(errors?.map(({ field }) => field)).toEqual(['idempotency-key'])
      expect(await stored(word.word)).toEqual([])
    })

    test('is documented in /openapi.json', async () => {
      const response = await fetch(`${subject.stop.url}/openapi.json`)
      const { paths } = (await response.json()) as {
        paths: Record<string, { put: { parameters: object[] } }>
      }
      expect(paths['/words']?.put.parameters).toEqual([
        expect.objectContaining({
          in: 'header',
          name: 'idempotency-key',
          required: false,
          schema: expect.objectContaining({ type: 'string', format: 'uuid' }),
          description: expect.stringContaining('24 hours'),
        }),
      ])
    })
  })
}
