import { beforeAll, describe, expect, test } from '@jest/globals'
import { paths } from 'contract'
import { expectProblem, type Subject, unique } from './requests.ts'

/** GET /words, whole and in pages, of a table with few words. */
export const testLists = (subject: Subject): void => {
  const list = (query = '') => fetch(`${subject.stop.url}${paths.words}${query}`)

  describe('the list of an empty table', () => {
    beforeAll(() => subject.empty(), 90_000)

    test.each(['', '?limit=1', '?limit=1000'])(
      'is an empty array, with nothing after it: %j',
      async (query) => {
        const response = await list(query)
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toMatch(/^application\/json/)
        expect(response.headers.get('link')).toBeNull()
        expect(await response.text()).toBe('[]')
      },
    )
  })

  describe('the list of four words', () => {
    const words = ['a', 'b', 'c', 'd'].map((letter) => ({ word: unique(letter), definition: 'x' }))
    const sorted = (rows: { word: string }[]) => rows.map(({ word }) => word).sort()

    beforeAll(async () => {
      await subject.empty()
      for (const word of words) await subject.stop.client.add(word)
    }, 90_000)

    test('has each of them, in any order', async () => {
      expect(sorted(await subject.stop.client.words())).toEqual(sorted(words))
    })

    test.each([
      [1, [1, 1, 1, 1]],
      [2, [2, 2]],
      [3, [3, 1]],
      [4, [4]],
      [1000, [4]],
    ])('in pages of %d has each of them once, and no page too many', async (limit, sizes) => {
      const pages = await Array.fromAsync(subject.stop.client.pages(limit))
      expect(pages.map((page) => page.length)).toEqual(sizes)
      expect(sorted(pages.flat())).toEqual(sorted(words))
    })

    test('comes in the same order whole and in pages', async () => {
      const pages = await Array.fromAsync(subject.stop.client.pages(3))
      expect(pages.flat()).toEqual(await subject.stop.client.words())
    })

    test('names the next page in a Link header, by a path on this host', async () => {
      const response = await list('?limit=2')
      expect(response.headers.get('link')).toMatch(/^<\/words\?[!-;=?-~]+>; rel="next"$/)
      expect((await list('?limit=4')).headers.get('link')).toBeNull()
    })

    test('may change its page size on the way', async () => {
      const { words: first, next } = await subject.stop.client.page(1)
      const rest = await subject.stop.client.page(3, next?.replace('limit=1', 'limit=3'))
      expect(sorted([...first, ...rest.words])).toEqual(sorted(words))
    })
  })

  describe('a list is refused', () => {
    test.each(['0', '1001', 'abc', '-1', '1.5', '1e2', '0x10', '+5', '%201', '', '99999999999999999999'])(
      'with limit=%s',
      async (limit) => {
        const { errors } = await expectProblem(await list(`?limit=${limit}`), 400)
        expect(errors?.map(({ field }) => field)).toEqual(['limit'])
      },
    )

    test.each([
      ['that is none of ours', 'nonsense!'],
      ['that is empty', ''],
      ['that is endless', 'x'.repeat(201)],
      ['that tries to be SQL', "1' OR '1'='1"],
      ['that is negative', '-1'],
      ['that is too large a number', '99999999999999999999999'],
      ['that is not Unicode', '\ufffd'],
    ])('with a cursor %s', async (_, cursor) => {
      const query = new URLSearchParams({ limit: '10', cursor })
      const { errors } = await expectProblem(await list(`?${query}`), 400)
      expect(errors?.map(({ field }) => field)).toEqual(['cursor'])
    })

    test.each([
      '?cursor=1',
      '?limit=1&limit=2',
      '?order=word',
      '?limit=10&cursor=%FF',
      '?limit=10&cursor=%zz',
    ])('with the query %s', async (query) => {
      await expectProblem(await list(query), 400)
    })
  })
}
