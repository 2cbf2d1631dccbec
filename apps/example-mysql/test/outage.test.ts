import { readdir, readlink } from 'node:fs/promises'
import { afterAll, expect, test } from '@jest/globals'
import { type Stop, spawnStop, until } from 'conformance'
import { ProblemError } from 'contract'
import { freshDatabase } from './database.ts'

const { env, control, release } = await freshDatabase()
afterAll(release)

test('a killed server turns /readyz to 503 and back; requests in between get 503 with Retry-After, none hangs', async () => {
  const stop = await spawnStop('example-mysql', env)
  try {
    await stop.client.add({ word: 'before', definition: 'the outage' })
    const status = async () => (await fetch(`${stop.url}/readyz`)).status

    // Asked all the while, also in the moments in which the stop does not know yet.
    const answers: { status: number; retryAfter: string | null; ms: number }[] = []
    let over = false
    const ask = async (_: unknown, asker: number) => {
      while (!over) {
        const askedAt = performance.now()
        const { status, headers } = await (asker % 2 === 0
          ? fetch(`${stop.url}/words?limit=1`)
          : fetch(`${stop.url}/words`, {
              method: 'PUT',
              body: new URLSearchParams({ word: 'w', definition: 'd' }),
            }))
        answers.push({ status, retryAfter: headers.get('retry-after'), ms: performance.now() - askedAt })
      }
    }
    const asking = Promise.all(Array.from({ length: 8 }, ask))

    await until('some answers', () => answers.length > 50)
    await control(0, 'kill')
    await until('/readyz to say 503', async () => (await status()) === 503)
    const error = await stop.client.add({ word: 'during', definition: 'it' }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).toMatchObject({ problem: { status: 503 }, retryAfterSeconds: expect.any(Number) })
    expect((error as ProblemError).problem.detail).toMatch(
      /^COMPOSE_MYSQL_URL: nothing listens on 127\.0\.0\.1:\d+/,
    )

    await control(0, 'start')
    await until('/readyz to say 200', async () => (await status()) === 200)
    await stop.client.add({ word: 'after', definition: 'the outage' })
    over = true
    await asking
    expect(answers.some(({ status }) => status === 503)).toBe(true)
    const wrong = answers.filter(
      ({ status, retryAfter, ms }) =>
        ms > 3700 || (status >= 300 && !(status === 503 && retryAfter !== null)),
    )
    expect(wrong).toEqual([])
    const words = (await stop.client.words()).map(({ word }) => word)
    expect(words.filter((word) => word !== 'w')).toEqual(['before', 'after'])
  } finally {
    await stop.stop()
  }
})

test('a paused server costs each request at most 3.5 s, and no connection of the pool for good', async () => {
  const stop = await spawnStop('example-mysql', env)
  try {
    await stop.client.add({ word: 'pause', definition: 'me' })
    const socketsBefore = await socketsOf(stop)
    await control(0, 'pause')
    const askedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${stop.url}/words?limit=1`).then(({ status }) => status)),
    )
    expect(new Set(answers)).toEqual(new Set([503]))
    expect(performance.now() - askedAt).toBeLessThan(4000)

    await control(0, 'resume')
    await until('/readyz to say 200', async () => (await fetch(`${stop.url}/readyz`)).status === 200)
    // More at once than the pool has connections: a slot that was lost would make one of them wait for ever.
    const after = await Promise.all(
      Array.from({ length: 30 }, () => fetch(`${stop.url}/words?limit=1`).then(({ status }) => status)),
    )
    expect(new Set(after)).toEqual(new Set([200]))
    // Ten connections of the pool at most, and a few of the requests: none that was given up is still there.
    expect((await socketsOf(stop)) - socketsBefore).toBeLessThan(45)
    await until('the sockets to be back', async () => (await socketsOf(stop)) <= socketsBefore + 10 + 30)
  } finally {
    await stop.stop()
  }
})

/** How many sockets the stop's process has open. */
const socketsOf = async ({ process: { pid } }: Stop): Promise<number> => {
  const open = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith('socket:')).length
}
