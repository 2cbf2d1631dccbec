import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Word } from 'contract'
import { type App, type Stop, spawnStop } from './stop.ts'
import { testHealth } from './suite/health.ts'
import { testIdempotency } from './suite/idempotency.ts'
import { testLargeTable } from './suite/large-table.ts'
import { testLists } from './suite/lists.ts'
import { testMetrics } from './suite/metrics.ts'
import { testPageAndDocuments } from './suite/page-and-documents.ts'
import { testRefusals } from './suite/refusals.ts'
import type { Subject } from './suite/requests.ts'
import { testTexts } from './suite/texts.ts'
import { testWrites } from './suite/writes.ts'

export type StopUnderTest = {
  /** What the stop is called in the test's output. */
  name: string
  app: App
  /** The variables of its database; none for a stop without one. */
  env?: Record<string, string>
  /** Removes every word, past the stop; unless given, a stop that starts anew is taken to have none. */
  emptyTable?: () => Promise<void>
  /** Adds words past the stop, where the database has a quicker way than one request for each. */
  fill?: (words: readonly Word[]) => Promise<void>
  /** How much of the stop's database connections is in use now, by what the database or the driver says. */
  connectionsInUse?: (stop: Stop) => Promise<number>
}

/**
 * Declares the tests that every stop passes: all of the contract, over HTTP, against the stop as a process of its own.
 * Jest's `test` and `describe` are called here, so call this at the top of a test file.
 */
export const testStop = ({ name, app, env, emptyTable, fill, connectionsInUse }: StopUnderTest): void => {
  describe(name, () => {
    let stop: Subject['stop'] | undefined
    /** What those before this one wrote. */
    let earlierLog = ''
    const restart = async () => {
      await stop?.kill()
      earlierLog += stop?.log() ?? ''
      stop = await spawnStop(app, env)
    }
    const subject: Subject = {
      app,
      get stop() {
        if (stop === undefined) throw new Error(`${app} does not run`)
        return stop
      },
      empty: emptyTable ?? restart,
      fill: fill ?? ((words) => addEach(subject, words)),
      connectionsInUse,
    }
    beforeAll(restart, 90_000)
    afterAll(() => stop?.kill())

    testHealth(subject)
    testMetrics(subject)
    testPageAndDocuments(subject)
    testWrites(subject)
    testIdempotency(subject)
    testTexts(subject)
    testRefusals(subject)
    testLists(subject)
    testLargeTable(subject)

    describe('after all that', () => {
      test('a new one, which nobody uses, ends with exit code 0 when it is asked to', async () => {
        await restart() // the last one has ended, under a client that read
        expect(await subject.stop.stop()).toBe(0)
      }, 90_000)

      test('it has logged no error: everything that went wrong was the clients’ doing', () => {
        const log = earlierLog + subject.stop.log()
        expect(log.match(/^.*"level":"(error|fatal)".*$/gm) ?? []).toEqual([])
      })
    })
  })
}

/** Adds words through the stop, 64 at a time: each of the 64 takes the next word that none has taken. */
const addEach = async ({ stop }: Subject, words: readonly Word[]) => {
  const rest = words.values()
  const addTheRest = async () => {
    for (const word of rest) await stop.client.add(word)
  }
  await Promise.all(Array.from({ length: 64 }, addTheRest))
}
