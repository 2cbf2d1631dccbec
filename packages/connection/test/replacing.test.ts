import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { keepConnected } from '../src/keep-connected.ts'
import { until } from './until.ts'

const server = { name: 'A database', version: '1', tls: 'TLSv1.3', verified: true }

/** A pool of connections to one server, which do not come back by themselves: a stand-in, the loop is under test. */
const standIn = () => {
  const state = {
    up: true,
    hangs: false,
    opensInMs: 0,
    checks: 0,
    broken: 0,
    /** Up to this one, connections leave every question open for ever. */
    mute: 0,
    opens: 0,
    attempts: 0,
    closed: [] as number[],
  }
  const lines: string[] = []
  const connection = keepConnected({
    servers: ['db:1'],
    open: async (_, signal) => {
      state.attempts++
      if (state.hangs)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      await wait(state.opensInMs, undefined, { signal })
      if (!state.up) throw new Error('nothing listens')
      return { server, number: ++state.opens }
    },
    check: async ({ number }) => {
      state.checks++
      if (number <= state.mute) await new Promise(() => {})
      if (!state.up || number <= state.broken) throw new Error('it does not answer')
      return { rowsRead: 0, rowsWritten: null, consistency: null }
    },
    close: async ({ number }) => void state.closed.push(number),
    recovers: () => false,
    look: () => ({ members: [], pool: null }),
    faultOf: (error) => ({
      ...{ step: 'port' as const, origin: 'COMPOSE_X_URL', remedy: 'Start it.' },
      problem: (error as Error).message,
    }),
    log: { info: (_, message) => void lines.push(message), warn: (_, message) => void lines.push(message) },
  })
  return { state, lines, connection }
}

test('connections that break while their server is well are replaced, and nobody is told of a loss', async () => {
  const { state, lines, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.broken = 1
  await until(() => state.closed.includes(1), 2000)
  expect(connection.current().number).toBe(2)
  expect(lines).toEqual(['database connected'])
  await connection.close()
  expect(state.closed).toEqual([1, 2])
})

test('a question that fails is a warning in the report while requests are served, until the database is lost', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.hangs = true // what would take over: for a second nobody knows more
  state.broken = 1
  let report = connection.report()
  await until(() => {
    report = connection.report()
    return report.steps[1]?.state === 'failed'
  }, 1000)
  expect(report).toMatchObject({ state: 'warning', reason: null })
  await until(() => !connection.status().ready, 4000)
  expect(connection.report()).toMatchObject({ state: 'failed', reason: expect.any(String) })
  await connection.close()
})

test('a request that has its answer while a question fails proves that the database is not lost', async () => {
  const { state, lines, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.opensInMs = 300
  state.up = false
  const { attempts } = state
  await until(() => state.attempts > attempts, 1000) // a question has failed, and a fresh connection comes about
  await connection.activity.run(
    'SELECT 1',
    async () => 1,
    () => 'db:1',
  )
  await wait(400) // it has failed as well
  state.up = true
  await until(() => state.attempts > attempts + 1 || state.checks > 3, 2000)
  expect(lines).toEqual(['database connected'])
  expect(connection.status().ready).toBe(true)
  await connection.close()
})

test('a connection whose driver never answers is given up after four seconds, and another one takes over', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.mute = 1
  await until(() => connection.current().number === 2, 6000)
  expect(connection.status().ready).toBe(true)
  await connection.close()
  expect(state.closed).toEqual([1, 2])
})

test('attempts that a dead network holds up do not hold up the next: found within 2 s, and they are given up', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.hangs = true
  state.broken = 1
  await until(() => !connection.status().ready, 4000)
  await until(() => state.attempts >= 4, 4000)
  state.hangs = false
  await until(() => connection.status().ready, 2000)
  expect(state.closed).toEqual([1])
  await connection.close()
  expect(state.closed).toEqual([1, 2])
})

test('an answer to a request is as good as one to the question of the loop', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  state.up = false
  await until(() => !connection.status().ready, 4000)
  await connection.activity.run(
    'SELECT 1',
    async () => 'an answer',
    () => null,
  )
  expect(connection.status().ready).toBe(true)
  expect(connection.report()).toMatchObject({ state: 'warning', reason: null })
  await connection.close()
})

test('renew lets a fresh connection take over from one that still serves, once a second at most', async () => {
  const { state, lines, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  await Promise.all([connection.renew(), connection.renew()])
  await connection.renew()
  expect(connection.current().number).toBe(2)
  expect(state).toMatchObject({ opens: 2, closed: [1] })

  // One that cannot be opened changes nothing for the one that serves.
  await wait(1001) // the second that is meant
  state.hangs = true
  const renewed = connection.renew()
  expect(connection.status().ready).toBe(true)
  expect(lines).toEqual(['database connected'])
  // Where it hangs, the next second's has another one; five at most, each of which may hang.
  const { attempts } = state
  const all = [renewed]
  for (let second = 0; second < 5; second++) {
    await wait(1001)
    all.push(connection.renew(), connection.renew())
  }
  expect(state.attempts).toBe(attempts + 4)
  await connection.close()
  await Promise.all(all)
})

test('renew waits for the attempt of the loop that is under way, whatever an earlier one came to', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  await connection.renew()
  state.opensInMs = 300
  state.broken = 2
  await until(() => state.attempts === 3, 1000) // a question has failed
  await connection.renew()
  expect(connection.current().number).toBe(3)
  expect(state.attempts).toBe(3)
  await connection.close()
})

test('renew is not given up because the connection in use still answers', async () => {
  const { state, connection } = standIn()
  await until(() => connection.status().ready, 1000)
  // Longer than the loop waits between two questions to the one in use.
  state.opensInMs = 1500
  const { checks } = state
  await connection.renew()
  expect(state.checks).toBeGreaterThan(checks + 1)
  expect(connection.current().number).toBe(2)
  await connection.close()
})
