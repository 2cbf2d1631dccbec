import { expect, test } from '@jest/globals'
import type { Step } from 'contract'
import { recordSteps } from '../src/steps.ts'

const fault = { origin: 'COMPOSE_X_URL', problem: 'refused', remedy: 'Correct it.' }

/** Steps of two servers; an error whose message is a step's name shows at that step. */
const recording = () => {
  const ended: string[] = []
  const steps = recordSteps(
    ['a:1', 'b:2'],
    (error) => ({ step: ((error as Error).message || undefined) as Step['step'] | undefined, ...fault }),
    (server, { step, state }) => ended.push(`${server ?? 'database'} ${step}: ${state}`),
  )
  const fail = (step: Step['step'], server: string | null, at: string = step) =>
    steps.run(step, server, () => Promise.reject(new Error(at))).catch(() => {})
  return { steps, ended, fail }
}

const states = (steps: Step[]) => steps.map(({ step, state }) => `${step}: ${state}`)

test('before anything has begun, every step of every server and of the database is waiting', () => {
  const { servers, steps } = recording().steps.report()
  expect(servers.map(({ server }) => server)).toEqual(['a:1', 'b:2'])
  for (const { steps } of servers)
    expect(states(steps)).toEqual([
      'name: waiting',
      'port: waiting',
      'certificate: waiting',
      'login: waiting',
    ])
  expect(states(steps)).toEqual(['schema: waiting', 'read and write: waiting'])
})

test('a step that ends well has its time and what it found; a warning among it makes it a warning', async () => {
  const { steps } = recording()
  await steps.run(
    'name',
    'a:1',
    async () => ['10.0.0.1'],
    (addresses) => ({ found: { addresses } }),
  )
  await steps.run(
    'port',
    'a:1',
    async () => 1,
    () => ({ faults: [fault] }),
  )
  const [name, port] = steps.report().servers[0]?.steps ?? []
  expect(name).toMatchObject({
    state: 'ok',
    ms: expect.any(Number),
    found: { addresses: ['10.0.0.1'] },
    faults: [],
  })
  expect(port).toMatchObject({ state: 'warning', faults: [fault] })
})

test('after a failure the rest of that server is skipped, and the database’s steps once no server is left', async () => {
  const { steps, ended, fail } = recording()
  await fail('port', 'a:1')
  expect(states(steps.report().servers[0]?.steps ?? [])).toEqual([
    'name: waiting',
    'port: failed',
    'certificate: skipped',
    'login: skipped',
  ])
  expect(states(steps.report().steps)).toEqual(['schema: waiting', 'read and write: waiting'])
  await fail('name', 'b:2')
  expect(states(steps.report().steps)).toEqual(['schema: skipped', 'read and write: skipped'])
  expect(ended.filter((line) => line.startsWith('database'))).toEqual([
    'database schema: skipped',
    'database read and write: skipped',
  ])
})

test('a failure is told at the step where it shows, when a driver goes several at once', async () => {
  const { steps, fail } = recording()
  await fail('certificate', 'a:1', 'login')
  const [, , certificate, login] = steps.report().servers[0]?.steps ?? []
  expect(certificate).toMatchObject({ state: 'ok' })
  expect(login).toMatchObject({ state: 'failed', faults: [fault] })
})

test('a failure that nobody can place is one of the step that was under way', async () => {
  const { steps, fail } = recording()
  await fail('port', 'a:1', '')
  expect(states(steps.report().servers[0]?.steps ?? [])).toEqual([
    'name: waiting',
    'port: failed',
    'certificate: skipped',
    'login: skipped',
  ])
})

test('what is under way when the time is over has failed, and what comes later changes nothing', async () => {
  const { steps } = recording()
  const late = Promise.withResolvers<void>()
  const running = steps.run('port', 'a:1', () => late.promise).catch(() => {})
  steps.abort(new Error('port'))
  late.reject(new Error('certificate'))
  await running
  expect(states(steps.report().servers[0]?.steps ?? [])).toEqual([
    'name: waiting',
    'port: failed',
    'certificate: skipped',
    'login: skipped',
  ])
  expect(states(steps.report().steps)).toEqual(['schema: skipped', 'read and write: skipped'])
})

test('steps that a driver has gone are recorded with the time it took; what it could not try is skipped', () => {
  const { steps } = recording()
  steps.done('login', 'a:1', 1.26, { found: { user: 'u', plugin: 'p', server: null } })
  expect(steps.report().servers[0]?.steps.at(-1)).toMatchObject({
    state: 'ok',
    ms: 1.3,
    found: { user: 'u' },
  })
  steps.failed('login', 'a:1', 2.71, new Error('login'))
  expect(steps.report().servers[0]?.steps.at(-1)).toMatchObject({ state: 'failed', ms: 2.7, faults: [fault] })
  expect(states(steps.report().steps)).toEqual(['schema: waiting', 'read and write: waiting'])
  steps.skip('login', 'b:2')
  expect(states(steps.report().steps)).toEqual(['schema: skipped', 'read and write: skipped'])
})
