import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import {
  callOnce,
  inTime,
  isFull,
  machineMs,
  resourcesOf,
  spawnStop,
  steadyNow,
  testStopping,
  until,
} from 'conformance'
import { ProblemError } from 'contract'
import { withConnection } from '../src/statements.ts'
import { freshDatabase, rowsOf } from './database.ts'

const { env, admin, control, release } = await freshDatabase()
afterAll(release)
// Whatever failed: the tests after this one need the server. One that runs already says so.
afterEach(async () => {
  await Promise.allSettled([control(0, 'resume'), control(0, 'start')])
}, 90_000)

test('a killed server turns /readyz to 503 and back; requests in between get 503 with Retry-After, none hangs', async () => {
  const stop = await spawnStop('example-mysql', env)
  let over = false
  try {
    await stop.client.add({ word: 'before', definition: 'the outage' })
    const status = async () => (await fetch(`${stop.url}/readyz`)).status

    // Asked all the while, also in the moments in which the stop does not know yet.
    const answers: { status: number; retryAfter: string | null; ms: number }[] = []
    const ask = async (_: unknown, asker: number) => {
      while (!over) {
        const askedAt = steadyNow()
        const { status, headers } = await (asker % 2 === 0
          ? fetch(`${stop.url}/words?limit=1`)
          : fetch(`${stop.url}/words`, {
              method: 'PUT',
              body: new URLSearchParams({ word: 'w', definition: 'd' }),
            }))
        answers.push({ status, retryAfter: headers.get('retry-after'), ms: steadyNow() - askedAt })
      }
    }
    const asking = Promise.all(Array.from({ length: 8 }, ask))

    await until('some answers', () => answers.length > 50)
    await control(0, 'kill')
    await until('/readyz to say 503', async () => (await status()) === 503)
    const error = await stop.client
      .add({ word: 'during', definition: 'it' }, { deadlineMs: 0 })
      .catch((error: unknown) => error)
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
        ms > (isFull ? 3500 : 3700) || (status >= 300 && !(status === 503 && retryAfter !== null)),
    )
    expect(wrong).toEqual([])
    const words = (await stop.client.words()).map(({ word }) => word)
    expect(words.filter((word) => word !== 'w')).toEqual(['before', 'after'])
  } finally {
    over = true
    await stop.stop()
  }
}, 180_000)

test.each(['read', 'write'] as const)(
  'a connection is cut under a %s: the read is asked again on another one, of the write it is said that it is in doubt',
  async (kind) => {
    const stop = await spawnStop('example-mysql', env)
    const lock = await admin.getConnection()
    try {
      await stop.client.add({ word: 'before', definition: 'the cut' })
      await lock.query('LOCK TABLES grand_tour.words WRITE')
      const call = callOnce(stop.url, kind, 'in doubt')
      const what = kind === 'read' ? 'SELECT id, word, definition%' : 'INSERT INTO words%'
      const find = "SELECT id FROM information_schema.processlist WHERE user = 'tour' AND info LIKE ?"
      const waiting = await until('it to wait', async () => (await rowsOf(admin, find, [what]))[0]?.id)
      await admin.query('KILL ?', [waiting])
      await lock.query('UNLOCK TABLES')
      const { status, reason, endAt, startAt } = await call
      expect({ status, isSlow: endAt - startAt > 3500 }).toEqual({
        status: kind === 'read' ? 200 : 503,
        isSlow: false,
      })
      if (kind === 'write') expect(reason).toContain('may or may not have been stored')
    } finally {
      lock.destroy() // and its lock with it
      await stop.stop()
    }
  },
)

test.each([
  ['ER_SERVER_SHUTDOWN', 1053],
  ['ER_SESSION_WAS_KILLED', 3169],
  ['ER_CLIENT_INTERACTION_TIMEOUT', 4031],
])(
  'a connection that the server closes by %s is not given to the next one, and its place in the pool is free',
  async (code, errno) => {
    // Thrown here: a server says so in place of an answer in a moment that cannot be met on purpose.
    const said = Object.assign(new Error('said in place of an answer'), { code, errno })
    const seen = new Set<number>()
    // More than the pool has places.
    for (let i = 0; i < 4; i++) {
      const closing = withConnection(
        admin,
        async ({ threadId }) => {
          seen.add(threadId)
          throw said
        },
        3000,
      )
      await expect(closing).rejects.toBe(said)
    }
    expect(seen.size).toBe(4)
  },
)

test(`a paused server costs each request at most ${inTime(3500)}, and no connection of the pool for good`, async () => {
  const stop = await spawnStop('example-mysql', env)
  try {
    await stop.client.add({ word: 'pause', definition: 'me' })
    const socketsOf = async () => (await resourcesOf(stop)).sockets
    const socketsBefore = await socketsOf()
    await control(0, 'pause')
    const askedAt = steadyNow()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${stop.url}/words?limit=1`).then(({ status }) => status)),
    )
    expect(answers).toContain(503)
    expect(steadyNow() - askedAt).toBeLessThan(4000 + machineMs)

    await control(0, 'resume')
    await until('/readyz to say 200', async () => (await fetch(`${stop.url}/readyz`)).status === 200)
    // More at once than the pool has connections: a slot that was lost would make one of them wait for ever.
    const after = await Promise.all(
      Array.from({ length: 30 }, () => fetch(`${stop.url}/words?limit=1`).then(({ status }) => status)),
    )
    expect(new Set(after)).toEqual(new Set([200]))
    // Ten connections of the pool at most, and a few of the requests: none that was given up is still there.
    expect((await socketsOf()) - socketsBefore).toBeLessThan(45)
    await until('the sockets to be back', async () => (await socketsOf()) <= socketsBefore + 10 + 30)
  } finally {
    await stop.stop()
  }
}, 180_000)

test(`a server that is not there at start: listens at once and says so; ready within ${inTime(2000)} of the server`, async () => {
  await control(0, 'kill')
  const stop = await spawnStop('example-mysql', env, { waitUntilReady: false })
  try {
    await until('the reason', async () => (await stop.client.ready()).reason?.includes('nothing listens on'))
    await control(0, 'start')
    const upAt = steadyNow()
    await until('/readyz to say 200', async () => (await fetch(`${stop.url}/readyz`)).status === 200)
    expect(steadyNow() - upAt).toBeLessThan(2000 + machineMs)
    await stop.client.add({ word: 'later', definition: 'than the stop' })
  } finally {
    await stop.stop()
  }
}, 180_000)

test('connections that a server with wait_timeout 2 s would close stay, so that no request sees them closed', async () => {
  await admin.query('SET GLOBAL wait_timeout = 2')
  const stop = await spawnStop('example-mysql', { ...env, SHARE_WRITES: 'off' }) // several connections for several words
  try {
    const sessions = async () => {
      const rows = await rowsOf(admin, "SELECT id FROM information_schema.processlist WHERE user = 'tour'")
      return rows.map(({ id }) => Number(id)).sort()
    }
    // One attempt each: the client would send again what was refused.
    const add = (word: string) => stop.client.add({ word, definition: 'idle' }, { deadlineMs: 0 })
    await Promise.all(['a', 'b', 'c', 'd'].map(add))
    const before = await sessions()
    expect(before.length).toBeGreaterThan(2)
    // One of ours that is idle a little longer than the server allows tells when it has closed what it may close.
    const ours = await admin.getConnection()
    await ours.query('SET SESSION wait_timeout = 3')
    const isOpen = 'SELECT 1 FROM information_schema.processlist WHERE id = ?'
    await until(
      'the server to close it',
      async () => (await rowsOf(admin, isOpen, [ours.threadId])).length === 0,
    )
    ours.destroy()
    // All but the one that the pool closes itself, for being one more than it keeps idle.
    expect((await sessions()).filter((id) => before.includes(id)).length).toBeGreaterThanOrEqual(
      before.length - 1,
    )
    await Promise.all(['e', 'f', 'g', 'h'].map(add))
  } finally {
    await admin.query('SET GLOBAL wait_timeout = 28800')
    await stop.stop()
  }
})

const testFull = isFull ? test : test.skip
testFull(
  'connections that are idle for half a minute are closed by the stop, before the server would',
  async () => {
    const stop = await spawnStop('example-mysql', { ...env, SHARE_WRITES: 'off' })
    try {
      const sessions = () =>
        rowsOf(admin, "SELECT id FROM information_schema.processlist WHERE user = 'tour'")
      const adding = ['a', 'b', 'c', 'd'].map((word) => stop.client.add({ word, definition: 'idle' }))
      await Promise.all(adding)
      expect((await sessions()).length).toBeGreaterThan(2)
      // Beside the one that watches the server, the pool has none left; asking is by that one alone.
      await until('the pool to be empty', async () => (await sessions()).length === 1, 45_000)
      const after = ['e', 'f'].map((word) => stop.client.add({ word, definition: 'new' }, { deadlineMs: 0 }))
      await Promise.all(after)
    } finally {
      await stop.stop()
    }
  },
  90_000,
)

test('a pool that is exhausted: each waits at most its time and no more than the queue holds, then 503; all is well after', async () => {
  // A statement for each word: where they share one, 250 fit into the queue.
  const stop = await spawnStop('example-mysql', {
    ...env,
    COMPOSE_MYSQL_POOL_SIZE: '2',
    SHARE_WRITES: 'off',
  })
  const lock = await admin.getConnection()
  try {
    // The administrator's connection may be one that was made while the server had the short wait_timeout above.
    await lock.query('SET SESSION wait_timeout = 28800')
    await stop.client.add({ word: 'before', definition: 'the lock' })
    await lock.query('FLUSH TABLES WITH READ LOCK') // every write waits for it, and nothing else does
    const ask = async (init: RequestInit) => {
      const askedAt = steadyNow()
      const response = await fetch(`${stop.url}/words?limit=1`, init)
      const { detail = '' } = (await response.json()) as { detail?: string }
      const retryAfter = response.headers.get('retry-after')
      return { status: response.status, retryAfter, detail, ms: steadyNow() - askedAt }
    }
    const put = () =>
      ask({ method: 'PUT', body: new URLSearchParams({ word: 'waiting', definition: 'for the lock' }) })
    const puts = Promise.all(Array.from({ length: 250 }, put))
    await until('the queue to be full', async () => (await ask({})).detail.includes('no more may wait'))
    // The database itself is well, and said to be so.
    expect((await fetch(`${stop.url}/readyz`)).status).toBe(200)
    const answers = await puts
    expect(new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(
      new Set(['503 1']),
    )
    // 3.5 s, and what it takes this process to open 250 connections at once.
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(4000 + machineMs)
    const refusedAtOnce = answers.filter(({ detail }) => detail.includes('no more may wait'))
    expect(refusedAtOnce.length).toBeGreaterThanOrEqual(250 - 2 - 200)
    expect(answers.find(({ detail }) => detail.includes('none became free'))?.detail).toMatch(
      /all 2 connections of the pool are busy, \d+ requests waiting/,
    )
    await lock.query('UNLOCK TABLES')
    const after = await Promise.all(Array.from({ length: 50 }, () => ask({})))
    expect(new Set(after.map(({ status, detail }) => `${status} ${detail}`))).toEqual(new Set(['200 ']))
    await stop.client.add({ word: 'after', definition: 'the lock' })
  } finally {
    lock.destroy() // and its lock with it
    await stop.stop()
  }
})

test('words that share statements which do not end: each is answered within its time; all is well after', async () => {
  const stop = await spawnStop('example-mysql', env)
  const lock = await admin.getConnection()
  try {
    await stop.client.add({ word: 'before', definition: 'the lock of those that share' })
    await lock.query('SET SESSION wait_timeout = 28800')
    await lock.query('FLUSH TABLES WITH READ LOCK')
    const put = async (headers: Record<string, string>) => {
      const askedAt = steadyNow()
      const body = new URLSearchParams({ word: 'shared', definition: 'behind the lock' })
      const { status } = await fetch(`${stop.url}/words`, { method: 'PUT', headers, body })
      return { status, ms: steadyNow() - askedAt }
    }
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        put(index % 2 === 0 ? {} : { 'idempotency-key': randomUUID() }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(503))
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(4000 + machineMs)
    await lock.query('UNLOCK TABLES')
    const after = await Promise.all(Array.from({ length: 50 }, () => put({})))
    expect(after.map(({ status }) => status)).toEqual(Array(50).fill(204))
  } finally {
    lock.destroy() // and its lock with it
    await stop.stop()
  }
})

testStopping('MySQL', {
  app: 'example-mysql',
  watched: async () => ({
    env,
    brokenOff: async () => {
      // The server counts a connection when it sees its end, and leaves it out of this list after that.
      const open = "SELECT 1 FROM information_schema.processlist WHERE user = 'tour'"
      await until('every connection to be gone', async () => (await rowsOf(admin, open)).length === 0)
      return Number((await rowsOf(admin, "SHOW GLOBAL STATUS LIKE 'Aborted_clients'"))[0]?.Value)
    },
    close: async () => {},
  }),
})
