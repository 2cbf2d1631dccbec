import { describe, expect, test } from '@jest/globals'
import { limits, Words } from 'contract'
import {
  expectAdded,
  expectProblem,
  form,
  json,
  put,
  putForm,
  putJson,
  type Subject,
  unique,
} from './requests.ts'

/** PUT /words, where it accepts. */
export const testWrites = (subject: Subject): void => {
  const stored = async (word: string) =>
    (await subject.stop.client.words()).filter((row) => row.word === word)

  describe('a new word', () => {
    test.each([
      ['JSON', putJson],
      ['a form', putForm],
    ])('sent as %s is answered 204 with nothing in it, and found in the list', async (_, send) => {
      const word = { word: unique('tour'), definition: 'a journey' }
      await expectAdded(await send(subject, word))
      expect(await stored(word.word)).toEqual([word])
    })

    test.each([`${json}; charset=utf-8`, `${json};charset="UTF-8"`, 'Application/JSON'])(
      'may come as %s',
      async (contentType) => {
        const word = { word: unique('é'), definition: 'x' }
        await expectAdded(await put(subject, contentType, JSON.stringify(word)))
        expect(await stored(word.word)).toEqual([word])
      },
    )

    test('may come as a form that names its charset, as a browser sends it', async () => {
      const word = { word: unique('é'), definition: 'x' }
      await expectAdded(await put(subject, `${form};charset=UTF-8`, new URLSearchParams(word).toString()))
      expect(await stored(word.word)).toEqual([word])
    })

    test('may come in a body of 16 KiB, and not of one byte more', async () => {
      const word = { word: unique('padded'), definition: 'x' }
      await expectAdded(await put(subject, json, JSON.stringify(word).padEnd(limits.bodyBytes)))
      await expectProblem(await put(subject, json, JSON.stringify(word).padEnd(limits.bodyBytes + 1)), 413)
      expect(await stored(word.word)).toEqual([word])
    })

    test('is in the list with its word and its definition and nothing else', async () => {
      await expectAdded(await putJson(subject, { word: unique('plain'), definition: 'x' }))
      const response = await fetch(`${subject.stop.url}/words`)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      const body: unknown = await response.json()
      expect(Words.parse(body)).toEqual(body)
    })

    test('is stored once for each of 200 requests at the same time', async () => {
      const words = Array.from({ length: 200 }, (_, index) => unique(`concurrent ${index}`)).sort()
      const responses = await Promise.all(words.map((word) => putJson(subject, { word, definition: 'x' })))
      expect(responses.map(({ status }) => status)).toEqual(words.map(() => 204))
      const wanted = new Set(words)
      const found = (await subject.stop.client.words()).filter(({ word }) => wanted.has(word))
      expect(found.map(({ word }) => word).sort()).toEqual(words)
    })
  })
}
