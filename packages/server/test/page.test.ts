import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { exchange, problemOf, serve } from './serve.ts'

const html = '<!doctype html><title>page</title>'
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'page-'))
  await mkdir(join(directory, 'assets'))
  for (const [name, text] of [
    ['index.html', html],
    ['assets/index-abc123.js', 'script()'],
  ] as const) {
    await writeFile(join(directory, name), text)
    await writeFile(join(directory, `${name}.br`), brotliCompressSync(text))
    await writeFile(join(directory, `${name}.gz`), gzipSync(text))
  }
})
afterAll(() => rm(directory, { recursive: true }))

describe('the page', () => {
  test('is asked for anew each time, and is not sent again when it is the same', async () => {
    const { url } = await serve({ page: directory })
    const response = await fetch(`${url}/`)
    expect(await response.text()).toBe(html)
    expect(response.headers.get('content-type')).toMatch(/^text\/html; ?charset=utf-8$/i)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
    const etag = response.headers.get('etag') ?? ''
    // fetch would add a cache-control of its own
    const again = await fetch(`${url}/`, { headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' } })
    expect(again.status).toBe(304)
  })

  test('has assets that are kept for ever', async () => {
    const { url } = await serve({ page: directory })
    const response = await fetch(`${url}/assets/index-abc123.js`)
    expect(await response.text()).toBe('script()')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-type')).toMatch(/javascript/)
  })

  test.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['identity', null],
  ])('goes out packed as the client takes it: %s', async (accepted, encoding) => {
    const { url } = await serve({ page: directory })
    for (const path of ['/', '/assets/index-abc123.js']) {
      const response = await fetch(url + path, { headers: { 'accept-encoding': accepted } })
      expect(response.headers.get('content-encoding')).toBe(encoding)
      expect(response.headers.get('vary')).toMatch(/accept-encoding/i)
      expect(await response.text()).toBe(path === '/' ? html : 'script()')
    }
  })

  test('leaves other paths to be unknown, and files outside its folder alone', async () => {
    const { url, port } = await serve({ page: directory })
    expect((await problemOf(await fetch(`${url}/assets/none.js`))).status).toBe(404)
    expect((await fetch(`${url}/`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    for (const path of ['/../../etc/passwd', '/..%2f..%2fetc/passwd', '/assets/..%2f..%2f..%2fetc%2fpasswd'])
      expect(await exchange(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 404 /,
      )
  })

  test('that is not built says how it is', async () => {
    const { url } = await serve({ page: join(directory, 'none') })
    expect(await problemOf(await fetch(`${url}/`))).toMatchObject({
      status: 503,
      detail: 'The page is not built yet: run pnpm build',
    })
  })
})
