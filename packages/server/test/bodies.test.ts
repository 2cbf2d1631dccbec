import { describe, expect, test } from '@jest/globals'
import { problemOf, serve } from './serve.ts'

const form = 'application/x-www-form-urlencoded'
const json = 'application/json'

/** Sends a body to a server that keeps what it is given: what it kept, and its answer. */
const put = async (type: string | undefined, body: string | Buffer, headers: Record<string, string> = {}) => {
  const kept: object[] = []
  const { url } = await serve({ put: async (word) => void kept.push(word) })
  const response = await fetch(`${url}/words`, {
    method: 'PUT',
    body: new Uint8Array(Buffer.from(body)),
    headers: { ...(type !== undefined && { 'content-type': type }), ...headers },
  })
  return { kept, response }
}

test('a form that gives a field thousands of times holds nobody up', async () => {
  const { cpuUsage } = process
  const { kept, response } = await put(form, 'word=a')
  expect(kept.length + (response.status - 400)).toBe(0) // what is loaded and compiled at first is
  const before = cpuUsage()
  const fields = await refusedFields(form, 'a&'.repeat(8192))
  const { user, system } = cpuUsage(before)
  expect(fields).toContainEqual('a is not a field of this request')
  expect((user + system) / 1000).toBeLessThan(400) // milliseconds: 10 of this machine's, and over 1,000 if each were copied
})

const refusedFields = async (type: string, body: string | Buffer) => {
  const { kept, response } = await put(type, body)
  expect(kept).toEqual([])
  expect(response.status).toBe(400)
  return (await problemOf(response)).errors?.map(({ field, message }) => `${field} ${message}`)
}

describe('a body', () => {
  test.each([
    [form, 'word=a&definition=b', 'a', 'b'],
    [form, 'word=a+b%2B&definition=%26%3d%25', 'a b+', '&=%'],
    [form, 'word=%F0%9F%98%80&definition=😀', '😀', '😀'],
    [form, 'word=a=b&definition==', 'a=b', '='],
    [form, '&word=a&&definition=b&', 'a', 'b'],
    [form, 'word=%00&definition=a%0D%0Ab%20', '\0', 'a\r\nb '],
    [form, 'word=%EF%BB%BFa&definition=\uFEFFb', '\uFEFFa', '\uFEFFb'],
    [form, 'definition=e%CC%81&word=%E2%80%AEx', '\u202Ex', 'e\u0301'],
    [`${form}; charset=UTF-8`, 'word=ä&definition=b', 'ä', 'b'],
    [json, '{"word":"a","definition":"b"}', 'a', 'b'],
    [json, '{"word":"\\u0000","definition":"\\ud83d\\ude00 "}', '\0', '😀 '],
    [json, '{"word":"\\ufeff a","definition":"e\u0301"}', '\uFEFF a', 'e\u0301'],
    [`${json};charset="utf-8"`, '{"word":"ä","definition":"b"}', 'ä', 'b'],
  ])('in %s is kept as it is: %j', async (type, body, word, definition) => {
    const { kept, response } = await put(type, body)
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
    expect(kept).toEqual([{ word, definition }])
  })

  test.each([
    [form, Buffer.from('word=a&definition=\xff', 'latin1')],
    [json, Buffer.from('{"word":"a","definition":"\xff"}', 'latin1')],
    [json, Buffer.from([0x7b, 0xed, 0xa0, 0x80, 0x7d])], // half a surrogate pair, as if it were a character
  ])('in %s that is not UTF-8 is refused', async (type, body) => {
    const { kept, response } = await put(type, body)
    expect(kept).toEqual([])
    expect(await problemOf(response)).toMatchObject({ status: 400, detail: 'The body is not valid UTF-8' })
  })

  test.each(['%', '%f', '%zz', '%ff', '%ed%a0%80', '%c0%80', '%f4%90%80%80'])(
    'whose percent-escapes are no UTF-8 (%s) is refused, naming every field that has them',
    async (bad) => {
      const message = 'has a percent-escape that is not valid UTF-8'
      expect(await refusedFields(form, `word=${bad}&definition=x${bad}`)).toEqual([
        `word ${message}`,
        `definition ${message}`,
      ])
    },
  )

  test('that is wrong in several ways is told all of them', async () => {
    expect(await refusedFields(form, 'word=a&word=b&more=1')).toEqual([
      'word must be given once',
      'definition is missing',
      'more is not a field of this request',
    ])
    expect(await refusedFields(json, '{"word":1,"definition":null,"a":0,"b":0}')).toEqual([
      'word must be text',
      'definition must be text',
      'a is not a field of this request',
      'b is not a field of this request',
    ])
    expect(await refusedFields(json, `{"word":" ","definition":"\\ud800"}`)).toEqual([
      'word must not be blank',
      'definition must be valid Unicode: it holds half of a surrogate pair',
    ])
  })

  test.each(['[]', 'null', '"text"', '1'])('of JSON that is no object (%s) is refused', async (body) => {
    expect(await refusedFields(json, body)).toEqual(['body must be an object'])
  })

  test.each(['', '{', '{"word":"a",}', '{"word":"a","definition":"b","__proto__":{"x":1}}'])(
    'that is no JSON to read (%j) is refused',
    async (body) => {
      const { kept, response } = await put(json, body)
      expect(kept).toEqual([])
      expect(await problemOf(response)).toMatchObject({
        status: 400,
        detail: expect.stringContaining('JSON'),
      })
    },
  )

  test('of a form may name __proto__ without any effect but a refusal', async () => {
    expect(await refusedFields(form, 'word=a&definition=b&__proto__=c')).toEqual([
      '__proto__ is not a field of this request',
    ])
  })

  test.each([
    [undefined, {}],
    ['text/plain', {}],
    ['multipart/form-data; boundary=x', {}],
    ['nonsense', {}],
    [`${form}; charset=iso-8859-1`, {}],
    [`${json}; charset=utf-16`, {}],
    [form, { 'content-encoding': 'gzip' }],
  ])('of another type (%s %j) is 415', async (type, headers) => {
    const { kept, response } = await put(type, 'word=a&definition=b', headers as Record<string, string>)
    expect(kept).toEqual([])
    expect((await problemOf(response)).status).toBe(415)
  })

  test('that is missing is told what belongs there', async () => {
    const { url } = await serve({ put: async () => {} })
    const problem = await problemOf(await fetch(`${url}/words`, { method: 'PUT' }))
    expect(problem).toMatchObject({ status: 400, errors: [{ field: 'body', message: 'must be an object' }] })
  })

  test('of more than 16 KiB is 413, also when much more is on its way', async () => {
    for (const bytes of [17 * 1024, 5 * 1024 * 1024]) {
      const { kept, response } = await put(form, `word=a&definition=${'x'.repeat(bytes)}`)
      expect(kept).toEqual([])
      expect((await problemOf(response)).status).toBe(413)
    }
  })
})
