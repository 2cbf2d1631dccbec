import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { createClient, InDoubtError } from 'contract'

const word = { word: 'halt', definition: 'A small station' }
const key = '0b3e1c1e-8c5d-4f5e-9a57-6f1d2c3b4a59'
let server: Server | undefined

/** A client of a server that answers each request with the next of the answers, the last one again and again. */
const clientOf = async (...answers: ((response: ServerResponse) => unknown)[]) => {
  const keys: (string | undefined)[] = []
  const answer: RequestListener = ({ headers }, response) => {
    keys.push(headers['idempotency-key'] as string | undefined)
    answers[Math.min(keys.length, answers.length) - 1]?.(response)
  }
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { keys, client: createClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) }
}

const taken = (response: ServerResponse) => response.writeHead(204).end()
const lost = ({ socket }: ServerResponse) => socket?.destroy()
const silent = () => {}
const refused =
  (status: number, headers: Record<string, string> = {}, detail = 'MySQL is away') =>
  (response: ServerResponse) =>
    response
      .writeHead(status, headers)
      .end(JSON.stringify({ type: 'about:blank', title: 'Problem', status, detail }))

const inDoubt = (key: string | undefined) =>
  `An attempt may have stored the word: add it again with the key ${key}.`

afterEach(() => {
  server?.close()
  server?.closeAllConnections()
  jest.useRealTimers()
})

describe('adding a word', () => {
  test('sends a key, another one for each word', async () => {
    const { client, keys } = await clientOf(taken)
    await client.add(word)
    await client.add(word)
    expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(keys[1]).not.toBe(keys[0])
  })

  test('sends the key it is given', async () => {
    const { client, keys } = await clientOf(taken)
    await client.add(word, { key })
    expect(keys).toEqual([key])
  })

  test('is tried again after a 503 and after a lost connection, with the same key', async () => {
    const { client, keys } = await clientOf(refused(503), lost, lost, refused(503), taken)
    await client.add(word)
    expect(keys).toHaveLength(5)
    expect(new Set(keys).size).toBe(1)
  })

  test.each([400, 404, 408, 409, 413, 415, 422, 429, 500])(
    'is tried once where the answer is %d',
    async (status) => {
      const { client, keys } = await clientOf(refused(status))
      await expect(client.add(word)).rejects.toMatchObject({ problem: { status } })
      expect(keys).toHaveLength(1)
    },
  )

  test('is tried once where a refusal does not repeat its status', async () => {
    const { client, keys } = await clientOf((response) => response.writeHead(400).end('{"title":"No"}'))
    await expect(client.add(word)).rejects.toMatchObject({ problem: { status: 400 } })
    expect(keys).toHaveLength(1)
  })

  test('is tried once where there is no time to try again', async () => {
    const { client, keys } = await clientOf(refused(503))
    await expect(client.add(word, { deadlineMs: 0 })).rejects.toThrow('MySQL is away')
    expect(keys).toHaveLength(1)
  })

  test('ends at its deadline, with the last thing it was told and that the last attempt got no answer', async () => {
    const { client, keys } = await clientOf(refused(503, {}, 'first'), refused(503, {}, 'last.'), silent)
    const askedAt = performance.now()
    const error = await client.add(word, { deadlineMs: 1500 }).catch((thrown: unknown) => thrown)
    expect(performance.now() - askedAt).toBeGreaterThan(1490)
    expect(keys).toHaveLength(3)
    expect(error).toBeInstanceOf(InDoubtError)
    expect(error).toMatchObject({ key: keys[0], cause: { name: 'TimeoutError' } })
    expect((error as InDoubtError).message).toBe(`last. ${inDoubt(keys[0])}`)
  })

  test('tells of an attempt that may have stored it, whatever is said after that', async () => {
    const unknown = refused(503, {}, 'No answer. The word may or may not have been stored.')
    const answers: [(response: ServerResponse) => unknown, object][] = [
      [lost, { message: 'fetch failed' }],
      [unknown, { problem: { status: 503 } }],
      [(response) => response.writeHead(503).end('<h1>Upstream reset</h1>'), { problem: { status: 503 } }],
    ]
    for (const [answer, cause] of answers)
      for (const status of [503, 403, 500]) {
        const { client, keys } = await clientOf(answer, refused(status, { 'retry-after': '60' }))
        const error = await client.add(word).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(InDoubtError)
        expect(error).toMatchObject({ message: `MySQL is away. ${inDoubt(keys[0])}`, key: keys[0], cause })
        server?.close()
      }
  })

  test('is not in doubt where nobody listens', async () => {
    const { client } = await clientOf(taken)
    server?.close()
    const error = await client.add(word, { deadlineMs: 500 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } })
  })

  // A stub: what a name server or a silent network does cannot be made to happen here.
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])(
    'is not in doubt after an attempt that came no further than %s',
    async (code) => {
      const unsent = new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) })
      const fetch = jest
        .fn<typeof globalThis.fetch>()
        .mockRejectedValueOnce(unsent)
        .mockResolvedValue(new Response('<h1>Forbidden</h1>', { status: 403 }))
      await expect(createClient('', fetch).add(word)).rejects.toMatchObject({ name: 'ProblemError' })
      expect(fetch).toHaveBeenCalledTimes(2)
    },
  )

  test('does not wait in vain for a time that is past its deadline', async () => {
    const { client, keys } = await clientOf(refused(503, { 'retry-after': '60' }))
    await expect(client.add(word)).rejects.toThrow('MySQL is away')
    expect(keys).toHaveLength(1)
  })

  test('is sent once without a key to a stop that keeps none', async () => {
    const { client, keys } = await clientOf(refused(501), taken)
    await client.add(word)
    expect(keys).toEqual([expect.any(String), undefined])
  })

  test('is sent without a key after attempts that were refused, and not after one that may have stored it', async () => {
    const refusedFirst = await clientOf(refused(503), refused(501), taken)
    await refusedFirst.client.add(word)
    expect(refusedFirst.keys).toEqual([expect.any(String), expect.any(String), undefined])
    server?.close()
    const { client, keys } = await clientOf(lost, refused(501), taken)
    await expect(client.add(word)).rejects.toMatchObject({ name: 'InDoubtError', key: expect.any(String) })
    expect(keys).toEqual([keys[0], keys[0]])
  })

  test('without a key is not tried again', async () => {
    const { client, keys } = await clientOf(refused(501), lost)
    await expect(client.add(word)).rejects.toThrow('fetch failed')
    expect(keys).toHaveLength(2)
  })

  test('is not sent without the key that the caller gave', async () => {
    const { client, keys } = await clientOf(refused(501))
    await expect(client.add(word, { key })).rejects.toMatchObject({ problem: { status: 501 } })
    expect(keys).toEqual([key])
  })
})

// Time is made up here, and so is the service.
describe('the pause before the next attempt', () => {
  /** When each of `attempts` attempts of an add was made, in milliseconds after the first. */
  const attemptsOf = async (attempts: number, headers: Record<string, string> = {}) => {
    const madeAt: number[] = []
    const { add } = createClient('', async () => {
      madeAt.push(performance.now())
      return new Response(null, madeAt.length < attempts ? { status: 503, headers } : { status: 204 })
    })
    const adding = add(word, { deadlineMs: 3_600_000 })
    while (madeAt.length < attempts) await jest.advanceTimersByTimeAsync(1)
    await adding
    return madeAt.map((at) => at - (madeAt[0] ?? 0))
  }

  test('grows to 2 s', async () => {
    jest.useFakeTimers()
    const madeAt = await attemptsOf(9)
    const pauses = madeAt.slice(1).map((at, index) => at - (madeAt[index] ?? 0))
    for (const [index, most] of [100, 200, 400, 800, 1600, 2000, 2000, 2000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(most / 2)
      expect(pauses[index]).toBeLessThanOrEqual(most + 2)
    }
  })

  test('differs from client to client', async () => {
    jest.useFakeTimers()
    const pauses = new Set<number | undefined>()
    for (let client = 0; client < 20; client++) pauses.add((await attemptsOf(2))[1])
    expect(pauses.size).toBeGreaterThan(5)
  })

  test('is not shorter than the service asks for, and not the same for all', async () => {
    jest.useFakeTimers()
    const pauses = new Set<number>()
    for (let client = 0; client < 20; client++)
      pauses.add((await attemptsOf(2, { 'retry-after': '3' }))[1] ?? 0)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(3000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3102)
    expect(pauses.size).toBeGreaterThan(5)
  })

  test('is followed by no attempt where it ends after the deadline', async () => {
    jest.useFakeTimers()
    let attempts = 0
    const { add } = createClient('', async () => {
      attempts++
      return Response.json({ title: 'Problem', detail: 'MySQL is away' }, { status: 503 })
    })
    const adding = add(word, { deadlineMs: 1000 }).catch((thrown: unknown) => thrown)
    while (jest.getTimerCount() === 0) await jest.advanceTimersByTimeAsync(1)
    // In one task, as where the process was held up: the pause has ended, and nobody could go on.
    jest.advanceTimersByTime(1000)
    expect(await adding).toMatchObject({ message: 'MySQL is away' })
    expect(attempts).toBe(1)
  })

  test('ends at once when the signal says so, and leaves nothing behind', async () => {
    jest.useFakeTimers()
    const abort = new AbortController()
    const { add } = createClient('', async () => new Response(null, { status: 503 }))
    const adding = add(word, { signal: abort.signal }).catch((thrown: unknown) => thrown)
    await jest.advanceTimersByTimeAsync(1000)
    expect(jest.getTimerCount()).toBe(1)
    abort.abort(new Error('enough'))
    expect(await adding).toEqual(new Error('enough'))
    expect(jest.getTimerCount()).toBe(0)
  })
})
