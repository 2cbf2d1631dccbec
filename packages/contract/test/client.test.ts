import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createClient, ProblemError } from 'contract'

let server: Server | undefined

/** A client of a server on a free port that answers with the given listener. */
const clientOf = async (answer: RequestListener) => {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return createClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const json = (value: unknown) => JSON.stringify(value)
const wordAt = (index: number) => ({ word: `word ${index}`, definition: 'x' })

afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

describe('the client', () => {
  test('gets every word', async () => {
    const client = await clientOf((request, response) => {
      response.end(json([{ word: request.method, definition: request.url }]))
    })
    expect(await client.words()).toEqual([{ word: 'GET', definition: '/words' }])
  })

  test('adds a word as JSON, and nothing but its two fields', async () => {
    const seen: unknown[] = []
    const client = await clientOf(async (request, response) => {
      seen.push(request.method, request.url, request.headers['content-type'], JSON.parse(await text(request)))
      response.writeHead(204).end()
    })
    const stored = { id: 7, word: 'é😀', definition: '"' }
    expect(await client.add(stored)).toBeUndefined()
    expect(seen).toEqual(['PUT', '/words', 'application/json', { word: 'é😀', definition: '"' }])
  })

  test('gets one page, and with its next the page after it', async () => {
    const client = await clientOf(({ url }, response) => {
      const first = url === '/words?limit=2'
      if (first) response.setHeader('link', '</words?limit=2&cursor=b%2Fc>; rel="next"')
      response.end(json(first ? [wordAt(1), wordAt(2)] : [{ word: url, definition: 'x' }]))
    })
    const first = await client.page(2)
    expect(first).toEqual({ words: [wordAt(1), wordAt(2)], next: '/words?limit=2&cursor=b%2Fc' })
    const second = await client.page(2, first.next)
    expect(second).toEqual({
      words: [{ word: '/words?limit=2&cursor=b%2Fc', definition: 'x' }],
      next: undefined,
    })
  })

  test('goes through the pages until one has no next', async () => {
    const requested: (string | undefined)[] = []
    const client = await clientOf(({ url }, response) => {
      requested.push(url)
      const page = requested.length
      if (page < 3) response.setHeader('link', `</words?limit=1&cursor=${page}>; rel="next"`)
      response.end(json(page < 3 ? [wordAt(page)] : []))
    })
    expect(await Array.fromAsync(client.pages(1))).toEqual([[wordAt(1)], [wordAt(2)], []])
    expect(requested).toEqual(['/words?limit=1', '/words?limit=1&cursor=1', '/words?limit=1&cursor=2'])
  })

  test('asks for no page that nobody takes', async () => {
    let requests = 0
    const client = await clientOf((_, response) => {
      requests++
      response.setHeader('link', '</words?limit=1&cursor=x>; rel="next"').end(json([wordAt(requests)]))
    })
    for await (const words of client.pages(1)) {
      expect(words).toEqual([wordAt(1)])
      break
    }
    expect(requests).toBe(1)
  })

  test('takes a 503 of /readyz for an answer', async () => {
    const stop = { stop: 'example-mysql', title: 'MySQL' }
    const health = { status: 'waiting', ...stop, database: null, reason: 'no server answers' }
    const client = await clientOf((_, response) => {
      response.writeHead(503, { 'content-type': 'application/json' }).end(json(health))
    })
    expect(await client.ready()).toEqual(health)
  })

  test('gives up when its signal says so', async () => {
    const abort = new AbortController()
    const client = await clientOf(() => abort.abort(new Error('enough')))
    await expect(client.words({ signal: abort.signal })).rejects.toThrow('enough')
    await expect(client.add(wordAt(1), { signal: abort.signal })).rejects.toThrow('enough')
    await expect(client.page(1, undefined, { signal: abort.signal })).rejects.toThrow('enough')
    await expect(client.ready({ signal: abort.signal })).rejects.toThrow('enough')
    await expect(client.pages(1, { signal: abort.signal }).next()).rejects.toThrow('enough')
  })

  test('lets through what fetch throws when the service cannot be reached', async () => {
    const client = await clientOf(({ socket }) => socket.destroy())
    await expect(client.words()).rejects.toThrow('fetch failed')
    await expect(client.add(wordAt(1), { deadlineMs: 0 })).rejects.toThrow('fetch failed')
  })
})

describe('a refusal', () => {
  const refusal = async (answer: RequestListener): Promise<ProblemError> => {
    const client = await clientOf(answer)
    const error = await client.add(wordAt(1), { deadlineMs: 0 }).catch((thrown: unknown) => thrown)
    if (!(error instanceof ProblemError)) throw new Error(`not a ProblemError: ${error}`)
    return error
  }
  const problem = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'MySQL is away' }

  test('carries the whole problem and says its detail', async () => {
    const error = await refusal((_, response) => response.writeHead(503).end(json(problem)))
    expect(error.problem).toEqual(problem)
    expect(error.message).toBe('MySQL is away')
    expect(error.retryAfterSeconds).toBeUndefined()
  })

  test('says its title where there is no detail', async () => {
    const { detail: _, ...brief } = problem
    const error = await refusal((_, response) => response.writeHead(503).end(json(brief)))
    expect(error.message).toBe('Service Unavailable')
  })

  test('says after how many seconds to try again', async () => {
    const error = await refusal((_, response) =>
      response.writeHead(503, { 'retry-after': '2' }).end(json(problem)),
    )
    expect(error.retryAfterSeconds).toBe(2)
  })

  test.each(['', '<h1>Bad Gateway</h1>', '"text"', 'null'])(
    'is made of the status where the body is %j',
    async (body) => {
      const error = await refusal((_, response) => response.writeHead(502).end(body))
      expect(error.problem).toEqual({ type: 'about:blank', title: 'Bad Gateway', status: 502 })
    },
  )

  // A stub: over HTTP/2 there is no reason phrase, and node:http writes one of its own.
  test('says its status where there is no reason phrase either', async () => {
    const client = createClient('', async () => new Response('<h1>Forbidden</h1>', { status: 403 }))
    await expect(client.words()).rejects.toMatchObject({
      message: 'The answer was 403, without a reason',
      problem: { title: 'The answer was 403, without a reason', status: 403 },
    })
  })

  test.each([
    { errors: { word: ['is too long'] } },
    { errors: [null] },
    { errors: [{ field: 'word', message: 7 }] },
    { errors: null, detail: null },
    { detail: { text: 'No' } },
  ])('is taken without what is not as the contract has it: %j', async (more) => {
    const foreign = { title: 'Bad Request', status: 400, ...more }
    const error = await refusal((_, response) => response.writeHead(503).end(json(foreign)))
    expect(error.problem).toEqual({ type: 'about:blank', title: 'Bad Request', status: 503 })
    expect(error.message).toBe('Bad Request')
  })
})
