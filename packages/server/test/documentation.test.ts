import { describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { contract } from 'contract'
import { serve } from './serve.ts'

type OpenApi = {
  openapi: string
  paths: Record<
    string,
    Record<string, { responses: object; parameters?: object[]; requestBody?: { content: object } }>
  >
  components: { schemas: Record<string, object> }
}

const served = () =>
  serve({
    put: async () => {},
    routes: async (server) => {
      server.get('/words', { schema: contract.getWords }, async () => [])
    },
  })

describe('the contract', () => {
  test('is a valid OpenAPI 3.1 document with every operation and every problem', async () => {
    const { url } = await served()
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi
    expect(await new Validator().validate(document)).toEqual({ valid: true })
    const { openapi, paths, components } = document
    expect(openapi).toBe('3.1.0')
    expect(Object.keys(paths).sort()).toEqual(['/connection', '/livez', '/metrics', '/readyz', '/words'])
    expect(Object.keys(components.schemas).sort()).toEqual(
      'ConnectionReport Fault Health Problem Step Word Words'.split(' '),
    )
    expect(Object.keys(paths['/words']?.put?.responses ?? {})).toEqual(
      '204 400 408 413 415 422 500 501 503'.split(' '),
    )
    expect(Object.keys(paths['/words']?.put?.requestBody?.content ?? {})).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
    ])
    expect(components.schemas.Word).toMatchObject({
      additionalProperties: false,
      properties: { word: { minLength: 1, maxLength: 256 } },
    })
    expect(JSON.stringify(paths['/words']?.get)).toContain('"Link"')
    expect(paths['/words']?.put?.parameters).toEqual([
      expect.objectContaining({ in: 'header', name: 'idempotency-key', required: false }),
    ])
  })

  test('can be read without a script, and nothing of it comes from elsewhere', async () => {
    const { url } = await served()
    const page = await fetch(`${url}/docs`)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const html = await page.text()
    for (const text of [
      'GET /words',
      'PUT /words',
      '<caption>Headers</caption>',
      'idempotency-key',
      'at most 16384 bytes',
      'id="Problem"',
      '1–256 characters',
    ])
      expect(html).toContain(text)
    expect(html).not.toMatch(/<script|style=|https?:\/\//)
    const stylesheet = /href="(\/docs\/[^"]+)"/.exec(html)?.[1]
    expect((await fetch(url + stylesheet)).headers.get('content-type')).toBe('text/css; charset=utf-8')
  })

  test('goes with headers that keep a page to itself, on every answer', async () => {
    const { url } = await served()
    for (const path of ['/docs', '/words', '/words?limit=0', '/nothing', '/readyz', '/']) {
      const { headers } = await fetch(url + path)
      const policy = headers.get('content-security-policy')
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
  })
})
