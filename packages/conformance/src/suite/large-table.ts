import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { buffer, json } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { limits, paths, type Word, Words } from 'contract'
import { until } from '../until.ts'
import { type Subject, unique } from './requests.ts'

/**
 * A table of 10,001 words: two more than twice the 5,000 rows that the CQL driver fetches at once, one more than ten
 * pages. Its list has 10 MB, more than the buffers of a socket hold (4 MB, tcp_wmem): a stop that writes to a client
 * that does not read has to wait, or to keep the rest in memory.
 */
export const testLargeTable = (subject: Subject): void => {
  const definition = '😀'.repeat(limits.textCodePoints)
  const table = Array.from({ length: 10_001 }, (_, index) => ({ word: unique(`${index}`), definition }))
  const wanted = table.map(({ word }) => word).sort()

  const wordsOfTable = (body: unknown) => Words.parse(body).filter((row) => row.definition === definition)

  /** The first part of the whole list, by a client that reads no further. */
  const beginToRead = async () => {
    const [response] = (await once(
      get(`${subject.stop.url}${paths.words}`, { agent: false }),
      'response',
    )) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    await once(response, 'readable')
    return response
  }
  /** Another client's visit: it throws when the stop refuses, or keeps it waiting for longer than the contract says. */
  const visit = async () => {
    const options = () => ({ signal: AbortSignal.timeout(limits.answerMs) })
    await subject.stop.client.add({ word: unique('meanwhile'), definition: 'x' }, options())
    await subject.stop.client.page(10, undefined, options())
    expect(await subject.stop.client.ready(options())).toMatchObject({ status: 'ok' })
  }

  describe('a table of 10,001 words', () => {
    /** Before any list was read: memory that one list took may serve the next, and would hide it. */
    let memoryAtFirst = Number.NaN

    beforeAll(async () => {
      await subject.empty()
      await subject.fill(table)
      memoryAtFirst = memoryOf(subject)
    }, 180_000)

    test('is in the list as a whole', async () => {
      const rows = Words.parse(await subject.stop.client.words())
      expect(rows.map(({ word }) => word).sort()).toEqual(wanted)
      expect(rows.filter((row) => row.definition !== definition)).toEqual([])
    })

    test('is in the pages exactly once, while others add words', async () => {
      let added = 0
      let isWalking = true
      const addOthers = async () => {
        while (isWalking) {
          await subject.stop.client.add({ word: unique('meanwhile'), definition: 'x' })
          added++
        }
      }
      const adding = Promise.all([addOthers(), addOthers(), addOthers(), addOthers()])
      const pages = await Array.fromAsync(subject.stop.client.pages(limits.pageWords)).finally(() => {
        isWalking = false
      })
      await adding
      expect(added).toBeGreaterThan(10)
      const visited = pages.flat().map(({ word }) => word)
      expect(new Set(visited).size).toBe(visited.length)
      expect(visited.filter((word) => !word.startsWith('meanwhile')).sort()).toEqual(wanted)
    })

    test('is given to clients that leave half-way, who leave no connection in use', async () => {
      for (let round = 0; round < 3; round++) {
        const readers = await Promise.all(Array.from({ length: 20 }, beginToRead))
        for (const reader of readers) reader.destroy()
        await visit()
      }
      const { connectionsInUse } = subject
      if (connectionsInUse)
        await until('no connection in use', async () => (await connectionsInUse(subject.stop)) === 0)
    })

    test('is given to twenty that read slowly, who keep nobody waiting and fill no memory', async () => {
      const readers = await Promise.all(Array.from({ length: 20 }, beginToRead))
      for (let round = 0; round < 10; round++) await Promise.all([visit(), visit()])
      // Twenty lists have 212 MB. Measured without a database: 60 MB when streamed, 500 MB when not.
      expect(memoryOf(subject) - memoryAtFirst).toBeLessThan(200)

      for (const body of await Promise.all(readers.map((reader) => buffer(reader)))) {
        const rows = JSON.parse(body.toString()) as Word[] // that each is a word as it should be was seen above
        expect(rows.filter((row) => row.definition === definition)).toHaveLength(table.length)
      }
    }, 300_000)

    test('is given whole to a client that still reads when the stop is asked to end', async () => {
      const reader = await beginToRead()
      const ending = subject.stop.stop()
      expect(wordsOfTable(await json(reader))).toHaveLength(table.length)
      expect(await ending).toBe(0)
    })
  })
}

/** Megabytes of memory that the stop's process holds. */
const memoryOf = ({ stop }: Subject) =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(stop.process.pid)], { encoding: 'utf8' })) / 1024
