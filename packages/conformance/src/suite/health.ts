import { describe, expect, test } from '@jest/globals'
import { Health, paths } from 'contract'
import { expectProblem, type Subject } from './requests.ts'

/** What an orchestrator asks, and what goes for every answer. */
export const testHealth = (subject: Subject): void => {
  const get = (path: string, init?: RequestInit) => fetch(`${subject.stop.url}${path}`, init)

  describe('health', () => {
    test.each([paths.livez, paths.readyz])('%s says that it is ok, and of which stop', async (path) => {
      const response = await get(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      expect(Health.parse(await response.json())).toMatchObject({ status: 'ok', stop: subject.app })
    })

    test('/readyz names the database as it names itself, reached over verified TLS', async () => {
      const { database } = await subject.stop.client.ready()
      const verified = {
        name: expect.stringMatching(/\S/),
        version: expect.stringMatching(/^\d/),
        tls: expect.stringMatching(/^TLSv1\.[23]$/),
        verified: true,
      }
      expect(database).toEqual(subject.app === 'example' ? null : verified)
    })

    test('/readyz is never answered from a cache', async () => {
      expect((await get(paths.readyz)).headers.get('cache-control')).toContain('no-store')
    })
  })

  describe('every answer', () => {
    test.each(['/', paths.words, paths.readyz, paths.openapi, '/nowhere'])(
      'of GET %s keeps browsers from guessing its type, and says nothing of the software',
      async (path) => {
        const { headers } = await get(path)
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        expect(headers.get('x-powered-by')).toBeNull()
        expect(headers.get('server')).toBeNull()
      },
    )

    test.each(['/', `${paths.words}?limit=1`, paths.words, paths.livez, paths.readyz, paths.openapi])(
      'of HEAD %s is that of GET without the body',
      async (path) => {
        const [head, full] = [await get(path, { method: 'HEAD' }), await get(path)]
        expect(head.status).toBe(200)
        expect(head.headers.get('content-type')).toBe(full.headers.get('content-type'))
        expect(await head.text()).toBe('')
        expect(await full.text()).not.toBe('')
      },
    )

    test('lets no other origin read it', async () => {
      const response = await get(paths.words, { headers: { origin: 'https://example.com' } })
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
    })
  })

  describe('a wrong address', () => {
    test.each([
      '/nowhere',
      '/words/1',
      '/Words',
      '/assets/nothing.js',
      '/..%2f..%2fpackage.json',
      '/%00',
      '/.env',
    ])('%s is told 404', async (path) => {
      await expectProblem(await get(path), 404)
    })

    test('is told 404 whatever the method', async () => {
      await expectProblem(await get('/nowhere', { method: 'DELETE' }), 404)
      await expectProblem(await get('/nowhere', { method: 'PUT' }), 404)
    })

    test.each(['POST', 'PATCH', 'DELETE'])(
      '/words with %s is told 405 and what is allowed',
      async (method) => {
        const response = await get(paths.words, { method })
        await expectProblem(response, 405)
        expect(allowed(response)).toEqual(['GET', 'HEAD', 'PUT'])
      },
    )

    test.each(['/', paths.livez, paths.readyz, paths.openapi])('%s with PUT is told 405', async (path) => {
      const response = await get(path, { method: 'PUT' })
      await expectProblem(response, 405)
      expect(allowed(response)).toEqual(['GET', 'HEAD'])
    })
  })
}

/** The methods of an Allow header, but for OPTIONS: that a stop may answer or not. */
const allowed = ({ headers }: Response) =>
  (headers.get('allow') ?? '')
    .split(/,\s*/)
    .filter((method) => method !== 'OPTIONS')
    .sort()
