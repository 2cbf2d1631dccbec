import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { createClient } from 'contract'
import { isFull } from './faults/size.ts'
import { type App, type Stop, spawnStop } from './stop.ts'

type Subject = {
  app: App
  env: Record<string, string>
  /** Kills the database's server, or one of them, and starts it again; resolves when it is back. */
  killDatabase: () => Promise<void>
  /** The words in the table, as the database itself tells them. */
  storedWords: () => Promise<string[]>
}

const sizes = isFull ? { kills: 1000, databaseKills: 20 } : { kills: 40, databaseKills: 2 }
const wordsPerKill = 10
/**
 * The first kills come after their ten words, and tell how long ten take on this machine: the least of three, so that
 * neither a table that is made nor a stall counts. Each later one comes at a random moment before, between or after
 * them; every fourth as soon as one is answered, where others are surely under way, however long they take.
 */
const timedKills = 3
const deadlineMs = 600_000

/**
 * Declares the test that each word is stored once, whatever is killed while it is written. Call it at the top of a test
 * file; what happened is printed when it has run.
 */
export const testKills = (name: string, subject: Subject): void =>
  describe(`kills: ${name}`, () => {
    test(
      `${sizes.kills * wordsPerKill} words are each stored once, while the stop is killed ${sizes.kills} times and its database ${sizes.databaseKills} times`,
      async () => {
        const { words, seen, summary } = await writeWhileKilling(subject)
        const times = Map.groupBy(await subject.storedWords(), (word) => word)
        expect(words.filter((word) => !times.has(word))).toEqual([])
        expect(words.filter((word) => (times.get(word)?.length ?? 0) > 1)).toEqual([])
        // Else no kill has met a word under way, and nothing was shown.
        expect(seen.cut).toBeGreaterThan(0)
        expect(seen.between).toBeGreaterThan(0)
        process.stdout.write(`\nkills: ${name}\n  ${summary}\n`)
      },
      isFull ? 3_600_000 : 600_000,
    )
  })

/**
 * Ten words on their way, then SIGKILL for the stop that takes them, again and again. The next two start meanwhile,
 * because that takes a stop longer than ten words: what the one did not answer is sent to the next.
 */
const writeWhileKilling = async ({ app, env, killDatabase }: Subject) => {
  const start = (): Promise<Stop> => {
    const starting = spawnStop(app, env, { deadlineMs })
    starting.catch(() => {}) // told where it is awaited
    return starting
  }
  // Only a process that ends in peace writes down what it compiled, for those that come after.
  await (await start()).stop()

  const startedAt = performance.now()
  const ahead = [start(), start()]
  let stop = await start()
  const seen = { attempts: 0, cut: 0, refused: 0, between: 0 }
  const client = createClient('', async (path, init) => {
    seen.attempts++
    const response = await fetch(`${stop.url}${path}`, init).catch((error) => {
      // ECONNREFUSED: nothing was sent.
      if (error.cause?.code !== 'ECONNREFUSED') seen.cut++
      throw error
    })
    if (response.status === 503) seen.refused++
    return response
  })
  const words: string[] = []
  const tag = randomUUID()
  const adding: Promise<void>[] = []
  const addTen = () => {
    const ten = Array.from({ length: wordsPerKill }, () => {
      const word = `${tag} ${words.length}`
      words.push(word)
      return client.add({ word, definition: 'stored once' }, { deadlineMs })
    })
    adding.push(...ten)
    return ten
  }
  let tenMs = Number.POSITIVE_INFINITY
  let databaseBack = Promise.resolve()
  const every = sizes.kills / sizes.databaseKills
  try {
    for (let kill = 0; kill < sizes.kills; kill++) {
      const next = await ahead.shift()
      if (kill + 2 < sizes.kills) ahead.push(start())
      const addedAt = performance.now()
      const ten = addTen()
      let answered = 0
      for (const added of ten)
        added.then(
          () => answered++,
          () => {}, // told at the end
        )
      if (kill < timedKills) {
        await Promise.all(ten)
        tenMs = Math.min(tenMs, performance.now() - addedAt)
      } else if (kill % 4 === 1) await Promise.race(ten)
      else await pause(Math.random() * 1.5 * tenMs)
      if (kill % every === Math.floor(every / 2)) {
        await databaseBack
        databaseBack = killDatabase()
        databaseBack.catch(() => {}) // told at the end
        await pause(Math.random() * 1000) // the stop sees that it is gone
      }
      await stop.kill()
      if (answered > 0 && answered < wordsPerKill) seen.between++
      if (next) stop = next
    }
    await Promise.all([...adding, databaseBack])
  } finally {
    await Promise.allSettled([databaseBack])
    for (const left of await Promise.allSettled([stop, ...ahead]))
      if (left.status === 'fulfilled') await left.value.kill()
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const { attempts, cut, refused, between } = seen
  const summary = `${words.length} words in ${seconds} s: ${attempts} attempts, ${cut} cut off, ${refused} told 503; ${between} kills between answers`
  return { words, seen, summary }
}
