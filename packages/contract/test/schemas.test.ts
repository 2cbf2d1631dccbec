import { describe, expect, test } from '@jest/globals'
import { Health, limits, Problem, Word, Words, WordsQuery } from 'contract'
import * as z from 'zod'

const word = { word: 'tour', definition: 'a journey' }

/** The fields that a schema finds wrong, each with what it says; empty when it accepts. */
const faults = (schema: z.ZodType, value: unknown) =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('a new word', () => {
  test('is a word and a definition, kept as they are', () => {
    const spaced = { word: ' a ', definition: 'e\u0301 ' }
    expect(Word.parse(spaced)).toEqual(spaced)
  })

  test.each([
    ['a field is missing', { word: 'x' }],
    ['there is a field too many', { ...word, extra: 'x' }],
    ['a field is a number', { ...word, word: 1 }],
    ['a field is null', { ...word, definition: null }],
    ['it is a list', [word]],
    ['it is null', null],
  ])('is refused when %s', (_, value) => {
    expect(faults(Word, value)).toHaveLength(1)
  })

  test('is told everything that is wrong at once', () => {
    expect(faults(Word, { word: ' ', definition: 'x'.repeat(257) })).toEqual([
      'word: must not be blank',
      'definition: must have at most 256 characters, not 257',
    ])
  })

  test('has its real limits in JSON Schema', () => {
    const bounds = { type: 'string', minLength: 1, maxLength: limits.textCodePoints, pattern: '\\S' }
    expect(z.toJSONSchema(Word).$defs?.Word).toMatchObject({
      properties: { word: bounds, definition: bounds },
      required: ['word', 'definition'],
      additionalProperties: false,
    })
  })
})

test('the words of an answer may be longer than a new word, because other programs write to the tables', () => {
  const long = [{ word: '', definition: 'x'.repeat(1000) }]
  expect(Words.parse(long)).toEqual(long)
})

describe('the query of a list', () => {
  test.each([
    ['nothing', {}, {}],
    ['the smallest page', { limit: '1' }, { limit: 1 }],
    ['the largest page', { limit: '1000' }, { limit: 1000 }],
    ['a cursor', { limit: '10', cursor: 'x' }, { limit: 10, cursor: 'x' }],
  ])('may hold %s', (_, query, parsed) => {
    expect(WordsQuery.parse(query)).toEqual(parsed)
  })

  test.each([
    ['limit', 'zero', { limit: '0' }],
    ['limit', 'more than a page', { limit: '1001' }],
    ['limit', 'no number', { limit: 'abc' }],
    ['limit', 'a negative number', { limit: '-1' }],
    ['limit', 'a fraction', { limit: '1.5' }],
    ['limit', 'another notation', { limit: '1e2' }],
    ['limit', 'nothing', { limit: '' }],
    ['limit', 'two values', { limit: ['1', '2'] }],
    ['cursor', 'nothing', { limit: '10', cursor: '' }],
    ['cursor', 'more than any cursor', { limit: '10', cursor: 'x'.repeat(201) }],
    ['cursor', 'a value without a limit', { cursor: 'x' }],
  ])('is refused when its %s holds %s', (field, _, query) => {
    expect(faults(WordsQuery, query)).toEqual([expect.stringMatching(`^${field}: `)])
  })

  test('is refused when it holds anything else', () => {
    expect(faults(WordsQuery, { order: 'word' })).toHaveLength(1)
  })
})

test('a problem is what RFC 9457 says, with every wrong field', () => {
  const errors = [{ field: 'word', message: 'must not be blank' }]
  const problem = { type: 'about:blank', title: 'Bad Request', status: 400, errors }
  expect(Problem.parse(problem)).toEqual(problem)
  expect(faults(Problem, { ...problem, status: '400' })).toHaveLength(1)
  expect(faults(Problem, { ...problem, errors: [{ field: 'word' }] })).toHaveLength(1)
})

test('health says what database it is, whether it is verified, and what is waited for', () => {
  const database = { name: 'MySQL', version: '9.7.0', tls: 'TLSv1.3', verified: true }
  const stop = { stop: 'example-mysql', title: 'MySQL' }
  const ready = { status: 'ok', ...stop, database }
  const waiting = { status: 'waiting', ...stop, database: null, reason: 'no server answers' }
  expect(Health.parse(ready)).toEqual(ready)
  expect(Health.parse(waiting)).toEqual(waiting)
  expect(Health.parse({ ...ready, database: { ...database, tls: null, verified: false } })).toBeTruthy()
  expect(faults(Health, { ...ready, status: 'fine' })).toHaveLength(1)
})
