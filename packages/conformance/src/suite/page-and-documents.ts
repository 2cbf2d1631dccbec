import { describe, expect, test } from '@jest/globals'
import { limits, paths } from 'contract'
import type { Subject } from './requests.ts'

/** What a browser loads, and what a reader of the contract does. */
export const testPageAndDocuments = (subject: Subject): void => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${subject.stop.url}${path}`, { headers })
  const assets = async () => {
    const found = referencesOf(await (await get('/')).text()).filter((path) => path.startsWith('/assets/'))
    expect(found.some((path) => path.endsWith('.js'))).toBe(true)
    expect(found.some((path) => path.endsWith('.css'))).toBe(true)
    return found
  }

  describe('the page', () => {
    test('is HTML that is asked for anew each time', async () => {
      const response = await get('/')
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('cache-control')).toMatch(/no-cache|no-store|max-age=0/)
    })

    test('runs and shows nothing but what comes from here', async () => {
      const { headers } = await get('/')
      const policy = new Map<string | undefined, string[]>()
      for (const directive of (headers.get('content-security-policy') ?? '').split(';')) {
        const [name, ...sources] = directive.trim().split(/\s+/)
        policy.set(name, sources)
      }
      expect([...policy.values()].flat()).not.toContainEqual(expect.stringMatching(/unsafe-|^\*$|^https?:$/))
      // The three that default-src does not stand in for: https://www.w3.org/TR/CSP3/#directive-default-src
      for (const name of ['default-src', 'frame-ancestors', 'base-uri', 'form-action'])
        expect([name, policy.get(name)]).toEqual([name, [expect.stringMatching(/^'(self|none)'$/)]])
      expect(headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin|strict-origin.*)$/)
    })

    test('loads assets that are kept for a year, and have their content in their name', async () => {
      for (const path of await assets()) {
        const response = await get(path)
        expect([path, response.status]).toEqual([path, 200])
        expect(path).toMatch(/-[\w-]{8,}\.\w+$/)
        expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
        expect(response.headers.get('content-type')).toMatch(
          contentTypes[path.split('.').at(-1) ?? ''] ?? /./,
        )
      }
    })

    test.each(['br', 'gzip'])(
      'is sent in %s to those who take it, and as it is to others',
      async (encoding) => {
        for (const path of (await assets()).filter((asset) => /\.(js|css)$/.test(asset))) {
          // fetch decodes the body and leaves the header.
          const encoded = await get(path, { 'accept-encoding': encoding })
          const plain = await get(path, { 'accept-encoding': 'identity' })
          expect(encoded.headers.get('content-encoding')).toBe(encoding)
          expect(plain.headers.get('content-encoding')).toBeNull()
          for (const { headers } of [encoded, plain])
            expect(headers.get('vary')?.toLowerCase()).toContain('accept-encoding')
          expect(Number(encoded.headers.get('content-length'))).toBeLessThan(
            Number(plain.headers.get('content-length')),
          )
          expect(await encoded.text()).toBe(await plain.text())
        }
      },
    )
  })

  describe('the documents', () => {
    test('describe the contract with its real paths and limits', async () => {
      const response = await get(paths.openapi)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      const document = (await response.json()) as OpenApi
      expect(document.openapi).toMatch(/^3\.1\./)
      expect(Object.keys(document.paths).sort()).toEqual(
        [paths.connection, paths.livez, paths.metrics, paths.readyz, paths.words].sort(),
      )
      expect(Object.keys(document.paths[paths.words]?.get?.responses ?? {})).toEqual(
        expect.arrayContaining(['200', '400', '503']),
      )
      expect(Object.keys(document.paths[paths.words]?.put?.responses ?? {})).toEqual(
        expect.arrayContaining(['204', '400', '413', '415', '422', '503']),
      )
      expect(document.components.schemas.Word).toMatchObject({
        additionalProperties: false,
        required: ['word', 'definition'],
        properties: {
          word: { maxLength: limits.textCodePoints },
          definition: { maxLength: limits.textCodePoints },
        },
      })
    })

    test('can be read without the internet', async () => {
      const response = await get(paths.docs)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toMatch(/^text\/html/)
      const loaded = referencesOf(await response.text()).map((reference) => new URL(reference, response.url))
      expect(loaded.length).toBeGreaterThan(0)
      for (const url of loaded) {
        expect(url.origin).toBe(subject.stop.url)
        expect([url.pathname, (await fetch(url)).status]).toEqual([url.pathname, 200])
      }
    })
  })
}

type OpenApi = {
  openapi: string
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>
  components: { schemas: Record<string, unknown> }
}

const contentTypes: Record<string, RegExp> = {
  js: /^(text|application)\/javascript/,
  css: /^text\/css/,
  svg: /^image\/svg\+xml/,
}

/** Everything that a page loads: its scripts, styles and images, but for those that stand in it (`data:`). */
const referencesOf = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)="(?!data:)([^"]+)"/g)].flatMap(
    ([, reference]) => reference ?? [],
  )
