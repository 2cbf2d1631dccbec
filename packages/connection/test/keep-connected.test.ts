import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { keepConnected } from '../src/keep-connected.ts'
import type { Steps } from '../src/steps.ts'
import { until } from './until.ts'

const look = () => ({ members: [], pool: null })
const faultOf = (error: unknown) => ({
  step: 'port' as const,
  origin: 'COMPOSE_X_URL',
  problem: (error as Error).message,
  remedy: 'Start it.',
})
const found = { rowsRead: 0, rowsWritten: null, consistency: null }

const server = { name: 'A database', version: '1', tls: 'TLSv1.3', verified: true }

/** A database that can be switched off: a stand-in, because here the loop is under test and not a driver. */
const standIn = ({ up }: { up: boolean }) => {
  const state = {
    up,
    heals: true,
    answers: true,
    hangs: false,
    attempts: 0,
    opens: 0,
    closes: 0,
    reason: 'nothing listens',
  }
  const lines: string[] = []
  const log = {
    info: (_: object, message: string) => void lines.push(message),
    warn: (fields: object, message: string) =>
      void lines.push(`${message}: ${(fields as { reason: string }).reason}`),
  }
  const connection = keepConnected({
    servers: ['db:1'],
    open: async () => {
      state.attempts++
      if (state.hangs) return new Promise<never>(() => {})
      if (!state.up) throw new Error(state.reason)
      return { server, number: ++state.opens }
    },
    check: async ({ number }) => {
      if (!state.answers || !state.up || (!state.heals && number < 2)) throw new Error(state.reason)
      return found
    },
    close: async () => void state.closes++,
    look,
    faultOf,
    log,
  })
  return { state, lines, connection }
}

test('a database that comes up later is found within 2 s, and the wait is logged once', async () => {
  const { state, lines, connection } = standIn({ up: false })
  await until(() => lines.length > 0, 1000)
  expect(connection.status()).toEqual({
    ready: false,
    reason: `COMPOSE_X_URL: nothing listens. Start it.`,
    server: null,
  })
  expect(() => connection.current()).toThrow('nothing listens')
  await until(() => state.attempts >= 6, 5000) // the back-off has reached its longest
  state.up = true
  await until(() => connection.status().ready, 2000)
  expect(connection.status()).toEqual({ ready: true, server })
  expect(lines).toEqual([
    'waiting for the database: COMPOSE_X_URL: nothing listens. Start it.',
    'database connected',
  ])
  await connection.close()
})

test('a loss is noticed within a second; a new reason is one more line; the return is found within 2 s', async () => {
  const { state, lines, connection } = standIn({ up: true })
  await until(() => connection.status().ready, 1000)
  state.up = false
  await until(() => !connection.status().ready, 1000)
  expect(connection.status()).toEqual({
    ready: false,
    reason: `COMPOSE_X_URL: nothing listens. Start it.`,
    server,
  })
  state.reason = 'still starting'
  await until(() => lines.some((line) => line.includes('still starting')), 2000)
  state.up = true
  await until(() => connection.status().ready, 2000)
  expect(lines).toEqual([
    'database connected',
    'database lost: COMPOSE_X_URL: nothing listens. Start it.',
    'database lost: COMPOSE_X_URL: still starting. Start it.',
    'database connected',
  ])
  expect(state.opens).toBe(1)
  await connection.close()
  expect(state.closes).toBe(1)
})

test('a connection that does not heal by itself is replaced by a fresh one, and closed', async () => {
  const { state, connection } = standIn({ up: true })
  await until(() => connection.status().ready, 1000)
  state.heals = false
  await until(() => !connection.status().ready, 1500)
  await until(() => connection.status().ready, 6000)
  expect(connection.current().number).toBe(2)
  expect(state).toMatchObject({ opens: 2, closes: 1 })
  await connection.close()
  expect(state.closes).toBe(2)
})

test('a database that opens but does not answer is never called ready, and nothing stays open', async () => {
  const { state, lines, connection } = standIn({ up: true })
  state.answers = false
  await until(() => state.attempts >= 3, 5000)
  expect(connection.status().ready).toBe(false)
  expect(lines).toEqual(['waiting for the database: COMPOSE_X_URL: nothing listens. Start it.'])
  await connection.close()
  expect(state.closes).toBe(state.opens)
})

test('closing ends the attempts, also one that hangs', async () => {
  const { state, connection } = standIn({ up: false })
  state.hangs = true
  await until(() => state.attempts >= 2, 5000)
  await connection.close()
  const { attempts } = state
  state.up = true
  state.hangs = false
  // Longer than the first back-off: another attempt would have been made by now.
  await wait(150)
  expect(state.attempts).toBe(attempts)
})

test('closing during a check opens nothing more, which could hang', async () => {
  const checked = Promise.withResolvers<void>()
  let checks = 0
  let opens = 0
  let closing: Promise<void> | undefined
  let lostAt: number | undefined
  const connection = keepConnected({
    servers: ['db:1'],
    // A second one would hang, and the closing with it.
    open: async () => (opens++ === 0 ? { server } : new Promise<never>(() => {})),
    check: async () => {
      if (checks++ === 0) return found // of the one that was opened
      lostAt ??= performance.now()
      // Fails until a fresh connection is due, and then closes in the middle of a check.
      if (performance.now() - lostAt > 3000) {
        closing ??= connection.close()
        checked.resolve()
      }
      throw new Error('nothing listens')
    },
    close: async () => {},
    look,
    faultOf,
    log: { info: () => {}, warn: () => {} },
  })
  await checked.promise
  await closing
  expect(opens).toBe(1)
})

test('a server that cannot be used while another serves is looked at again; told once, and once when it is well', async () => {
  const states = { up: false, probes: 0 }
  const lines: [string, object][] = []
  const note = (fields: object, message: string) => void lines.push([message, fields])
  const reach = async (steps: Steps, name: string, isUp: boolean) => {
    const port = steps.run('port', name, async () => {
      if (!isUp) throw new Error('nothing listens')
    })
    await port.catch(() => {})
  }
  const member = (address: string, up: boolean) => ({
    ...{ address, dataCenter: null, rack: null, up, connections: null, inFlight: null },
    ...(!up && { reason: 'nothing listens' }),
  })
  const connection = keepConnected({
    servers: ['a:1', 'b:1'],
    open: async (steps) => {
      await Promise.all([reach(steps, 'a:1', true), reach(steps, 'b:1', states.up)])
      return { server }
    },
    check: async () => found,
    close: async () => {},
    probe: async (_, steps) => {
      states.probes++
      await reach(steps, 'b:1', states.up)
    },
    look: () => ({ members: [member('a:1', true), member('b:1', states.up)], pool: null }),
    faultOf,
    log: { info: note, warn: note },
  })
  await until(() => states.probes > 0, 2000) // a member that is down is a reason to look
  expect(connection.report()).toMatchObject({ state: 'warning', reason: null })
  states.up = true
  // A report that shows the member as up has the event, too.
  expect(connection.report().live?.events.at(-1)).toMatchObject({ what: 'member up' })
  await until(() => connection.report().state === 'ok', 2000)
  expect(lines).toEqual([
    ['database connected', expect.anything()],
    ['server unusable', { of: 'b:1', reason: 'COMPOSE_X_URL: nothing listens. Start it.' }],
    ['well again', { of: 'b:1' }],
  ])
  expect(connection.report().live?.events).toMatchObject([
    { what: 'connected' },
    { what: 'member down', member: 'b:1', reason: 'nothing listens' },
    { what: 'member up', member: 'b:1', reason: null },
  ])
  await connection.close()
})
