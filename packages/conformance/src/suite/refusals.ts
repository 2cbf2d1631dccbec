import { describe, expect, test } from '@jest/globals'
import { paths } from 'contract'
import { expectProblem, form, json, put, putForm, putJson, type Subject, unique } from './requests.ts'

/** PUT /words, where it refuses: what is wrong is said in each case, and nothing is stored. */
export const testRefusals = (subject: Subject): void => {
  const tag = unique('refused')
  const fieldsOf = ({ errors }: { errors?: { field: string }[] | undefined }) =>
    (errors ?? []).map(({ field }) => field)

  describe('a word is refused', () => {
    test.each<[string, string[], Record<string, unknown>]>([
      ['its word is blank', ['word'], { word: ' \t\n\u00a0', definition: tag }],
      ['its definition is blank', ['definition'], { word: tag, definition: '' }],
      ['its word is missing', ['word'], { definition: tag }],
      ['its definition is missing', ['definition'], { word: tag }],
      ['its word is too long', ['word'], { word: 'x'.repeat(257), definition: tag }],
      [
        'both are wrong, each of which is named',
        ['definition', 'word'],
        { word: ' ', definition: 'x'.repeat(257) },
      ],
    ])('when %s', async (_, fields, value) => {
      for (const send of [putJson, putForm]) {
        const problem = await expectProblem(await send(subject, value as Record<string, string>), 400)
        expect(fieldsOf(problem).sort()).toEqual(fields)
      }
    })

    test.each([1, true, null, [tag], { text: tag }])('when its word is of another type: %j', async (word) => {
      const problem = await expectProblem(await putJson(subject, { word, definition: tag }), 400)
      expect(fieldsOf(problem)).toEqual(['word'])
    })

    test('when there is a field too many, which is named', async () => {
      for (const send of [putJson, putForm]) {
        const problem = await expectProblem(
          await send(subject, { word: tag, definition: tag, surplus: 'x' }),
          400,
        )
        expect(JSON.stringify(problem)).toContain('surplus')
      }
    })

    test.each([
      ['JSON', json, `{"word":"${tag}","definition":"x","__proto__":{"a":"b"}}`],
      ['a form', form, `word=${tag}&definition=x&__proto__=a`],
      ['a form with a field twice', form, `word=${tag}&definition=x&word=b`],
    ])('when there is a field too many that could do harm: %s', async (_, contentType, body) => {
      await expectProblem(await put(subject, contentType, body), 400)
    })

    test.each([[[]], [[{ word: tag, definition: 'x' }]], [null], [tag], [1]])(
      'when the JSON is %j',
      async (value) => {
        await expectProblem(await putJson(subject, value), 400)
      },
    )

    test.each(['', ' ', '{', `{"word":"${tag}","definition":"x"`, `{'word':'${tag}'}`, `word=${tag}`])(
      'when it should be JSON and is %j',
      async (body) => {
        await expectProblem(await put(subject, json, body), 400)
      },
    )

    test('when the form is empty', async () => {
      const problem = await expectProblem(await put(subject, form, ''), 400)
      expect(fieldsOf(problem).sort()).toEqual(['definition', 'word'])
    })

    test.each(['\\ud800', '\\udc00', 'a\\ud83db', '\\ude00\\ud83d'])(
      'when it has half of a surrogate pair: %s',
      async (half) => {
        const body = `{"word":"${half}","definition":"${tag}"}`
        expect(fieldsOf(await expectProblem(await put(subject, json, body), 400))).toEqual(['word'])
      },
    )

    test.each<[string, string, string]>([
      ['a byte that begins nothing', 'ff', '%FF'],
      ['a character cut short', 'c3', '%C3'],
      ['a character cut short before another', 'e282 41', '%E2%82A'],
      ['a continuation without a beginning', '80', '%80'],
      ['a character in too many bytes', 'c0af', '%C0%AF'],
      ['a surrogate', 'eda080', '%ED%A0%80'],
      ['a surrogate pair in six bytes', 'eda0bdedb880', '%ED%A0%BD%ED%B8%80'],
      ['a code point beyond the last', 'f4908080', '%F4%90%80%80'],
    ])('when it is not UTF-8: %s', async (_, hex, escaped) => {
      const bad = Buffer.from(hex.replaceAll(' ', ''), 'hex')
      const around = (before: string, after: string) =>
        Buffer.concat([Buffer.from(before), bad, Buffer.from(after)])
      await expectProblem(await put(subject, json, around(`{"definition":"${tag}","word":"a`, '"}')), 400)
      await expectProblem(await put(subject, form, around(`definition=${tag}&word=a`, '')), 400)
      await expectProblem(await put(subject, form, `definition=${tag}&word=a${escaped}`), 400)
      await expectProblem(await put(subject, form, `definition=${tag}&word=a&${escaped}=x`), 400)
    })

    test('when its body has 17 KiB, whether or not the length is said before', async () => {
      const body = Buffer.from(JSON.stringify({ word: tag, definition: 'x' }).padEnd(17 * 1024))
      const url = `${subject.stop.url}${paths.words}`
      const headers = { 'content-type': json }
      const stream = new Blob([body]).stream()
      await expectProblem(await fetch(url, { method: 'PUT', headers, body }), 413)
      await expectProblem(await fetch(url, { method: 'PUT', headers, body: stream, duplex: 'half' }), 413)
      await expectProblem(await put(subject, form, `word=${tag}&definition=${'x'.repeat(17 * 1024)}`), 413)
    })

    test.each([
      'text/plain',
      'application/xml',
      'application/jsonp',
      'multipart/form-data; boundary=x',
      'nonsense',
    ])('when its content type is %s', async (contentType) => {
      await expectProblem(
        await put(subject, contentType, JSON.stringify({ word: tag, definition: 'x' })),
        415,
      )
    })

    test('when it has a body of no content type', async () => {
      const body = Buffer.from(JSON.stringify({ word: tag, definition: 'x' }))
      await expectProblem(await fetch(`${subject.stop.url}${paths.words}`, { method: 'PUT', body }), 415)
    })

    test('and then it is not in the list', async () => {
      const rows = await subject.stop.client.words()
      expect(rows.filter((row) => Object.values(row).join().includes(tag))).toEqual([])
    })
  })
}
