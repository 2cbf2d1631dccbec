import { describe, expect, test } from '@jest/globals'
import { contract } from 'contract'
import { type Database, NotStorable, Unavailable } from 'server'
import { exchange, problemOf, serve, until } from './serve.ts'
import { readyDatabase } from './serve-database.ts'

const word = { method: 'PUT', body: new URLSearchParams({ word: 'a', definition: 'b' }) }

describe('a route that does not exist', () => {
  test('is 404, whatever the method and the body', async () => {
    const { url } = await serve()
    for (const init of [
      {},
      word,
      { ...word, method: 'POST' },
      { method: 'PATCH', body: 'x'.repeat(20_000) },
    ]) {
      expect(await problemOf(await fetch(`${url}/nothing`, init))).toMatchObject({
        status: 404,
        title: 'Not Found',
      })
    }
    expect((await problemOf(await fetch(`${url}/words/`))).status).toBe(404)
    expect((await fetch(`${url}/nothing`, { method: 'HEAD' })).status).toBe(404)
  })

  test('is 405 with Allow where another method would do', async () => {
    const { url } = await serve({ put: async () => {} })
    for (const method of ['POST', 'DELETE', 'PATCH', 'PROPFIND']) {
      const response = await fetch(`${url}/words?limit=1`, { method })
      expect(response.headers.get('allow')).toBe('OPTIONS, PUT')
      expect((await problemOf(response)).status).toBe(405)
    }
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })

  test('is 405 before its body is read', async () => {
    const { port } = await serve({ put: async () => {} })
    const answer = await exchange(
      port,
      'POST /words HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 99\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1.1 405 /)
  })

  test('says to OPTIONS what there is', async () => {
    const { url } = await serve({ put: async () => {} })
    const response = await fetch(`${url}/words`, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'OPTIONS, PUT'])
    expect((await fetch(`${url}/nothing`, { method: 'OPTIONS' })).status).toBe(404)
  })
})

describe('what is no HTTP request', () => {
  test.each([
    ['GARBAGE\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400], // without Host
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'PUT /words HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n',
      400,
    ],
    ['GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
  ])('is answered too: %j', async (bytes, status) => {
    const { port } = await serve({ put: async () => {} })
    const answer = await exchange(port, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    if (bytes.includes('Host')) expect(answer).toMatch(/content-type: application\/problem\+json/i)
  })

  test('as its URL is wrong is in the log and the metrics, and has the headers of every answer', async () => {
    const { url, log } = await serve()
    const response = await fetch(`${url}/%zz`)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await problemOf(response)).status).toBe(400)
    await until(() => log.some(({ msg }) => msg === 'request completed'))
    expect(log.filter(({ msg }) => msg === 'request completed')).toMatchObject([{ url: '/%zz', status: 400 }])
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /_count\{.*method="other",route="none",status="400"\} 1$/m,
    )
  })

  test('is not answered in the middle of another answer', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { port } = await serve({
      routes: async (server) => {
        server.get('/slow', async (_, reply) => {
          reply.hijack()
          reply.raw.writeHead(200).write('begun')
          await promise
          reply.raw.end()
        })
      },
    })
    const answer = exchange(port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n')
    expect(await answer).not.toContain('400')
    resolve()
  })
})

test('a long URL is cut in the log', async () => {
  const { url, log } = await serve()
  expect((await fetch(`${url}/${'x'.repeat(15_000)}`)).status).toBe(404)
  await until(() => log.some(({ msg }) => msg === 'request completed'))
  expect(log.find(({ msg }) => msg === 'request completed')?.url).toBe(`/${'x'.repeat(499)}…`)
})

describe('what follows a request and is no HTTP', () => {
  test('is not answered in the place of that request, which may have been done', async () => {
    let done = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const { port } = await serve({ put: () => promise.then(() => void done++) })
    const body = 'word=a&definition=b'
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const put = `PUT /words HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(await exchange(port, `${put}GARBAGE\r\n\r\n`)).toBe('')
    resolve()
    await until(() => done === 1)
  })
})

describe('a failure', () => {
  test('of the service is 500, hides what it was, and the log has it under the same id, once', async () => {
    const { url, log } = await serve({
      put: async () => {
        throw new Error('secret of the driver')
      },
    })
    const response = await fetch(`${url}/words`, word)
    const text = await response.clone().text()
    const problem = await problemOf(response)
    expect(problem.status).toBe(500)
    expect(text).not.toContain('secret')
    const lines = log.filter(({ reqId }) => reqId === problem.instance)
    expect(lines).toMatchObject([
      { level: 50, url: '/words', status: 500, err: { message: 'secret of the driver' } },
    ])
  })

  test('of the database is 503 or 422 as the stop explains it, and the log has the driver’s own error', async () => {
    const driverError = new Error('driver text')
    const explanations = [new Unavailable('db.example: paused'), new NotStorable('this table is latin1')]
    const { url, log } = await serve({
      explain: (error) => (error === driverError && explanations.shift()) || new Error('not explained'),
      put: async () => {
        throw driverError
      },
    })
    const unavailable = await fetch(`${url}/words`, word)
    expect(unavailable.headers.get('retry-after')).toBe('1')
    const problem = await problemOf(unavailable)
    expect(problem).toMatchObject({
      status: 503,
      detail: 'db.example: paused. The word may or may not have been stored.',
    })
    expect(log.filter(({ reqId }) => reqId === problem.instance)).toMatchObject([
      { status: 503, reason: 'db.example: paused', err: { message: 'driver text' } },
    ])
    expect(await problemOf(await fetch(`${url}/words`, word))).toMatchObject({
      status: 422,
      detail: 'this table is latin1',
    })
  })

  test('that is certain to have stored nothing says no more than its reason', async () => {
    const { url } = await serve({
      put: async () => {
        throw new Unavailable('25 requests are waiting already', { sent: false })
      },
    })
    expect(await problemOf(await fetch(`${url}/words`, word))).toMatchObject({
      status: 503,
      detail: '25 requests are waiting already',
    })
  })

  test('to answer in time is told to the client, and what comes later is dropped', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { url, log } = await serve({ waits: { answerMs: 100 }, put: () => promise })
    const response = await fetch(`${url}/words`, word)
    expect(response.headers.get('retry-after')).toBe('1')
    const problem = await problemOf(response)
    expect(problem).toMatchObject({
      status: 503,
      detail: 'The database did not answer within 0.1 s. The word may or may not have been stored.',
    })
    resolve()
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect(log.filter(({ reqId }) => reqId === problem.instance)).toHaveLength(1)
  })

  test('to answer in time, and an error after that, is one line in the log', async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const { url, log } = await serve({ waits: { answerMs: 100 }, put: () => promise })
    const { instance } = await problemOf(await fetch(`${url}/words`, word))
    reject(new Error('too late'))
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect(log.filter(({ reqId }) => reqId === instance)).toHaveLength(1)
  })

  test('of a client to send its body in time is 408', async () => {
    const { port } = await serve({ waits: { answerMs: 100 }, put: async () => {} })
    const answer = await exchange(
      port,
      'PUT /words HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(answer).toMatch(/^connection: close\r$/m)
    expect(answer).toContain('whole within 0.1 s')
  })

  test('of a client to send a whole request takes ten seconds at most, as Node.js reads it', async () => {
    const { headersTimeout, requestTimeout } = (await serve()).server.server
    expect(requestTimeout).toBe(10_000)
    expect(headersTimeout).toBeLessThanOrEqual(requestTimeout) // otherwise it takes each for the other
  })
})

describe('a database that is not ready', () => {
  const waiting: Database = {
    ...readyDatabase,
    status: () => ({ ready: false, reason: 'waiting for db.example', server: null }),
  }

  test('is said at once, with the reason, and no handler runs', async () => {
    let ran = 0
    const { url } = await serve({
      database: waiting,
      put: async () => void ran++,
      routes: async (server) => {
        server.get('/words', { schema: contract.getWords }, async () => void ran++)
      },
    })
    for (const init of [word, {}]) {
      const response = await fetch(`${url}/words`, init)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await problemOf(response)).toMatchObject({ status: 503, detail: 'waiting for db.example' })
    }
    expect(ran).toBe(0)
    expect((await fetch(`${url}/words`, { method: 'PUT' })).status).toBe(400) // wrong all the same
  })

  test('makes /readyz 503 and leaves /livez alone', async () => {
    const { url } = await serve({ database: waiting })
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await ready.json()).toEqual({
      status: 'waiting',
      stop: 'test',
      title: 'Test',
      database: null,
      reason: 'waiting for db.example',
    })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  test('is ready later', async () => {
    const { url } = await serve({ database: readyDatabase })
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({ status: 'ok', database: { name: 'TestDB', tls: 'TLSv1.3' } })
  })
})
