import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { contract } from 'contract'
import { type FastifyPluginAsyncZod, listenVariables, readEnvironment, sendWords } from 'server'
import * as z from 'zod'
import { problemOf, serve, until } from './serve.ts'

type Read = (
  after: string | undefined,
  limit: number,
) => Promise<{ id: number; word: string; definition: string }[]>

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

/** A server of `count` words with the ids 1 to count, whose reads go through `around`. */
const serveWords = async (
  count: number,
  {
    around = (read) => read,
    definition = 'x',
    waits = {},
    sharesReads = true,
  }: {
    around?: (read: Read) => Read
    definition?: string | ((id: number) => string)
    sharesReads?: boolean
    waits?: NonNullable<Parameters<typeof serve>[0]>['waits'] & object
  } = {},
) => {
  const read: Read = async (after = '0', limit) =>
    Array.from({ length: Math.max(0, Math.min(limit, count - Number(after))) }, (_, index) => {
      const id = Number(after) + index + 1
      return {
        id,
        word: `word ${id} "\n`,
        definition: typeof definition === 'string' ? definition : definition(id),
      }
    })
  const routes: FastifyPluginAsyncZod = async (server) => {
    server.get(
      '/words',
      { schema: contract.getWords },
      sendWords({ cursor: z.string().regex(/^\d+$/), read: around(read) }),
    )
  }
  return serve({ routes, waits, sharesReads })
}

/** What was asked of a table: after which id, and how many rows. */
const recorded = () => {
  const reads: { after: string | undefined; limit: number }[] = []
  const around =
    (read: Read): Read =>
    (after, limit) => {
      reads.push({ after, limit })
      return read(after, limit)
    }
  return { reads, around }
}

/** A client that asks for the list so many times at once, and then reads nothing. */
const askAndWait = async (port: number, times = 1): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
    .pause()
    .on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write('GET /words HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(times))
  return socket
}

describe('the whole list', () => {
  test.each([0, 1, 999, 1000, 1001, 2000, 10_001])('of %d words has each exactly once', async (count) => {
    const { url } = await serveWords(count)
    const response = await fetch(`${url}/words`)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const words = (await response.json()) as object[]
    expect(words).toHaveLength(count)
    expect(
      words.every(
        (word, index) => JSON.stringify(word) === `{"word":"word ${index + 1} \\"\\n","definition":"x"}`,
      ),
    ).toBe(true)
  })

  test('of one word has no id and nothing else but the word', async () => {
    const { url } = await serveWords(1)
    expect(await (await fetch(`${url}/words`)).text()).toBe('[{"word":"word 1 \\"\\n","definition":"x"}]')
  })

  test('is not read for HEAD', async () => {
    let reads = 0
    const { url } = await serveWords(5_000, {
      around:
        (read) =>
        (...page) => {
          reads++
          return read(...page)
        },
    })
    const response = await fetch(`${url}/words`, { method: 'HEAD' })
    expect([response.status, await response.text(), reads]).toEqual([200, '', 1])
  })

  test('whose first page fails is a problem, and what to try again is left to the stop', async () => {
    let reads = 0
    const { url } = await serveWords(1, {
      around: () => async () => {
        reads++
        throw new Error('connection lost')
      },
    })
    expect((await problemOf(await fetch(`${url}/words`))).status).toBe(500)
    expect(reads).toBe(1)
  })

  test('whose first page does not come in time is 503', async () => {
    const { url, log } = await serveWords(1, {
      around: () => () => new Promise(() => {}),
      waits: { answerMs: 100 },
    })
    const problem = await problemOf(await fetch(`${url}/words`))
    expect(problem).toMatchObject({ status: 503, detail: 'The database did not answer within 0.1 s' })
    await until(() => log.some(({ reqId }) => reqId === problem.instance))
  })

  test.each([
    ['fails', () => Promise.reject(new Error('connection lost')), 'connection lost'],
    ['does not come', () => new Promise<never>(() => {}), 'The database did not answer within 1 s'],
  ])('breaks off where a later page %s, and never parses', async (_, fail, message) => {
    const { url, log } = await serveWords(5_000, {
      around: (read) => (after, limit) => (after === '2000' ? fail() : read(after, limit)),
      waits: { answerMs: 1000 },
    })
    const response = await fetch(`${url}/words`)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
    await until(() => log.some(({ msg }) => msg === 'answer cut'))
    const line = log.find(({ msg }) => msg === 'answer cut')
    expect(line?.reason ?? line?.err?.message).toBe(message)
  })

  test('breaks off so that an HTTP/1.0 client, which has only the end of the connection, cannot parse it either', async () => {
    const { port } = await serveWords(5_000, {
      around: (read) => (after, limit) =>
        after === '2000' ? Promise.reject(new Error('lost')) : read(after, limit),
    })
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    sockets.push(socket)
    let text = ''
    socket.on('data', (data) => (text += data)).on('error', () => {})
    socket.write('GET /words HTTP/1.0\r\n\r\n')
    await once(socket, 'close')
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(body.length).toBeGreaterThan(1_000)
    expect(() => JSON.parse(body)).toThrow()
  })

  test('is read no further than a client takes it, and no more once the client has left', async () => {
    let reads = 0
    const { port, url, log } = await serveWords(10_000_000, {
      definition: 'x'.repeat(1_000),
      around:
        (read) =>
        (...page) => {
          reads++
          return read(...page)
        },
    })
    const slow = await askAndWait(port)
    // The reading stops when the buffers of both sockets are full: no new page during 20 other requests.
    let before = -1
    await until(async () => {
      const stands = reads === before && reads > 0
      before = reads
      for (let i = 0; i < 20; i++) expect((await fetch(`${url}/livez`)).status).toBe(200)
      return stands
    })
    expect(reads).toBeLessThan(100)
    slow.destroy()
    await until(() => log.some(({ msg }) => msg === 'client left'))
    expect(reads).toBeLessThanOrEqual(before + 1)
  })

  test('is cut for a client that reads nothing at all for too long', async () => {
    const { port, log } = await serveWords(10_000_000, {
      definition: 'x'.repeat(1_000),
      waits: { readerMs: 300 },
    })
    const slow = await askAndWait(port)
    await until(() => log.some(({ msg }) => msg === 'answer cut'))
    expect(log.find(({ msg }) => msg === 'answer cut')?.err?.message).toBe(
      'the client read nothing for 0.3 s',
    )
    slow.resume()
    await once(slow, 'close')
  })

  test('arrives whole at clients that stop reading now and then, whatever a character takes in bytes', async () => {
    const { port } = await serveWords(10_001, { definition: '😀'.repeat(256) })
    const read = async () => {
      const socket = await askAndWait(port)
      let bytes = 0
      let end = ''
      while (!end.endsWith(']\r\n0\r\n\r\n')) {
        const chunk: Buffer | null = socket.read()
        if (chunk === null) await once(socket, 'readable')
        else {
          bytes += chunk.length
          end = chunk.subarray(-20).toString('latin1')
          if (bytes % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      return bytes
    }
    for (const bytes of await Promise.all(Array.from({ length: 20 }, read)))
      expect(bytes).toBeGreaterThan(10_500_000)
  })

  test('that twenty clients read slowly keeps nobody waiting', async () => {
    const { port, url } = await serveWords(1_000_000, {
      definition: 'x'.repeat(1_000),
      waits: { drainMs: 100 },
    })
    await Promise.all(Array.from({ length: 20 }, () => askAndWait(port)))
    const response = await fetch(`${url}/words?limit=1`)
    expect(await response.json()).toHaveLength(1)
  })
})

describe('a page of the whole list', () => {
  const long = 'x'.repeat(2_000)

  test('is as large as the pages before it of the same list: the first as those of other lists', async () => {
    const { reads, around } = recorded()
    // Lists end with pages of 2,000 short words.
    const { url } = await serveWords(8_000, { around, definition: (id) => (id > 2_000 ? 'x' : long) })
    for (let list = 0; list < 2; list++) {
      reads.length = 0
      expect(await (await fetch(`${url}/words`)).json()).toHaveLength(8_000)
      expect(reads.at(-1)?.limit).toBe(2_000)
    }
    const [first, next] = reads
    expect((first?.limit ?? 0) * long.length).toBeLessThan(256 * 1024)
    expect(next?.limit).toBe(first?.limit)
  })

  test('is no more than 256 kB of what was read, the shared first one too; the rest is read again', async () => {
    const { reads, around } = recorded()
    const { url } = await serveWords(3_000, { around, definition: (id) => (id % 1_000 > 500 ? long : 'x') })
    const words = (await (await fetch(`${url}/words`)).json()) as object[]
    expect(words.map((word) => JSON.stringify(word).length > 1_000)).toEqual(
      Array.from({ length: 3_000 }, (_, index) => (index + 1) % 1_000 > 500),
    )
    expect(reads[0]).toEqual({ after: undefined, limit: 2_000 })
    const kept = reads.map(({ after = 0 }, page) => Number(reads[page + 1]?.after ?? 3_000) - Number(after))
    // Of the ids of a page, none more than the half that is long: from 501 to 1,000 of each thousand.
    let id = 0
    for (const count of kept) {
      const isLong = Array.from({ length: count }, () => ++id).filter((id) => id % 1_000 > 500)
      expect(isLong.length * long.length).toBeLessThan(256 * 1024)
    }
    expect(id).toBe(3_000)
  })

  test('is smaller while several lists are sent, down to 64 kB, and as large as before when they have ended', async () => {
    const { reads, around } = recorded()
    const definition = 'x'.repeat(500)
    const { port, url } = await serveWords(200_000, { around, definition, waits: { drainMs: 100 } })
    const slow: Socket[] = []
    while (slow.length < 5) slow.push(await askAndWait(port, 2))
    await fetch(`${url}/words`).then((response) => response.body?.cancel())
    expect((reads.at(-1)?.limit ?? 0) * definition.length).toBeLessThan(64 * 1024)
    for (const each of slow) each.destroy()
    await until(async () => {
      await fetch(`${url}/words`).then((response) => response.body?.cancel())
      return (reads.at(-1)?.limit ?? 0) * definition.length > 200 * 1024
    })
  })

  test('is one of three at most that are read at the same time, of all lists', async () => {
    let running = 0
    let most = 0
    const { url } = await serveWords(20_000, {
      around: (read) => async (after, limit) => {
        if (after === undefined) return read(after, limit) // the first, which all share
        running++
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running--
        return read(after, limit)
      },
    })
    const lengths = await Promise.all(
      Array.from({ length: 10 }, async () => ((await (await fetch(`${url}/words`)).json()) as []).length),
    )
    expect(lengths).toEqual(Array(10).fill(20_000))
    expect(most).toBe(3)
  })

  test('is read without ids where the list is short, and again with them where it is not', async () => {
    const asked: string[] = []
    let count = 3
    const rows = (from: number, to: number, withIds: boolean) =>
      Array.from({ length: Math.max(0, Math.min(to, count) - from) }, (_, index) => ({
        ...(withIds && { id: from + index + 1 }),
        word: `word ${from + index + 1}`,
        definition: 'x',
      }))
    const routes: FastifyPluginAsyncZod = async (server) => {
      const list = sendWords({
        cursor: z.string(),
        read: async (after = '0', limit) => {
          asked.push('with ids')
          return rows(Number(after), Number(after) + limit, true) as Awaited<ReturnType<Read>>
        },
        readShort: async (limit) => {
          asked.push('without')
          return rows(0, limit, false)
        },
      })
      server.get('/words', { schema: contract.getWords }, list)
    }
    const { url } = await serve({ routes })
    /** What is asked for a list of so many words. */
    const askedFor = async (length: number) => {
      count = length
      asked.length = 0
      const words = (await (await fetch(`${url}/words`)).json()) as { word: string }[]
      expect(words.map(({ word }) => word)).toEqual(rows(0, length, false).map(({ word }) => word))
      return [...asked]
    }
    expect(await askedFor(0)).toEqual(['without'])
    expect(await askedFor(3)).toEqual(['without'])
    expect(await askedFor(1999)).toEqual(['without'])
    expect(await askedFor(5000)).toEqual(['without', ...Array(3).fill('with ids')])
    expect(await askedFor(5000)).toEqual(Array(3).fill('with ids'))
    expect(await askedFor(3)).toEqual(['with ids'])
    expect(await askedFor(3)).toEqual(['without'])
  })

  test('has one row, where that alone is more', async () => {
    const { url } = await serveWords(3, { definition: 'x'.repeat(300_000) })
    expect(await (await fetch(`${url}/words`)).json()).toHaveLength(3)
  })
})

describe('lists that are asked for at the same time', () => {
  /** How often the table is read for 16 lists, none of which is answered before all are asked for. */
  const readsOf16 = async (setting: string) => {
    const allAsked = Promise.withResolvers<void>()
    let reads = 0
    let asked = 0
    const { url, server } = await serveWords(10, {
      sharesReads: readEnvironment(z.object(listenVariables(0)), { SHARE_READS: setting }).SHARE_READS,
      around: (read) => async (after, limit) => {
        reads++
        await allAsked.promise
        return read(after, limit)
      },
    })
    server.server.on('request', () => {
      if (++asked === 16) setImmediate(allAsked.resolve)
    })
    const lists = await Promise.all(
      Array.from({ length: 16 }, async () => (await fetch(`${url}/words`)).json() as Promise<object[]>),
    )
    expect(lists.map((list) => list.length)).toEqual(Array.from({ length: 16 }, () => 10))
    return reads
  }

  test('share a query: one runs, one waits for it, and more only where it takes too long', async () => {
    const reads = await readsOf16('on')
    expect(reads).toBeGreaterThanOrEqual(2)
    expect(reads).toBeLessThan(6)
  })

  test('have a query each with SHARE_READS=off', async () => {
    expect(await readsOf16('off')).toBe(16)
  })
})

describe('a page', () => {
  test('leads to the next until every word was seen once', async () => {
    const { url } = await serveWords(2_500)
    const seen: string[] = []
    let next: string | undefined = '/words?limit=1000'
    while (next !== undefined) {
      const response: Response = await fetch(url + next)
      seen.push(...((await response.json()) as { word: string }[]).map(({ word }) => word))
      next = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toHaveLength(2_500)
    expect(new Set(seen).size).toBe(2_500)
  })

  test('that is the last has no link, also where it is full', async () => {
    const { url } = await serveWords(4)
    const link = async (query: string) => (await fetch(`${url}/words?${query}`)).headers.get('link')
    expect(await link('limit=2')).toBe('</words?limit=2&cursor=2>; rel="next"')
    expect(await link('limit=2&cursor=2')).toBe(null)
    expect(await link('limit=1000')).toBe(null)
    expect(await link('limit=2&cursor=99')).toBe(null)
  })

  test.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=abc', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['limit=1&cursor=abc', 'cursor'],
    ['limit=1&cursor=1%20OR%201=1', 'cursor'],
    ['limit=1&cursor=', 'cursor'],
    ['cursor=1', 'cursor'],
    ['other=1', 'other'],
  ])('asked for wrongly (%s) names the field', async (query, field) => {
    const { url } = await serveWords(4)
    const problem = await problemOf(await fetch(`${url}/words?${query}`))
    expect(problem.status).toBe(400)
    expect(problem.errors?.map((error) => error.field)).toEqual([field])
  })
})
