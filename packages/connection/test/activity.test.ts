import { expect, test } from '@jest/globals'
import { createActivity, type Statement } from '../src/activity.ts'

const member = (address: string) => ({
  address,
  dataCenter: null,
  rack: null,
  up: true,
  connections: 1,
  inFlight: 0,
})

test('statements are counted for the member that answered, with the last read and the last write', async () => {
  const activity = createActivity()
  const heard: Statement[] = []
  activity.onStatement((statement) => heard.push(statement))
  for (let i = 0; i < 10; i++)
    await activity.run(
      'SELECT 1',
      async () => 'row',
      () => 'a:1',
    )
  await activity.run(
    'INSERT INTO words',
    async () => 'done',
    () => 'b:2',
  )
  await activity
    .run(
      'SELECT 2',
      () => Promise.reject(new Error('no')),
      () => 'b:2',
    )
    .catch(() => {})

  const live = activity.live([member('a:1'), member('b:2'), member('c:3')])
  expect(live.members.map(({ address, requests, failed }) => [address, requests, failed])).toEqual([
    ['a:1', 10, 0],
    ['b:2', 1, 1],
    ['c:3', 0, 0],
  ])
  expect(live.members[0]).toMatchObject({ p50Ms: expect.any(Number), lastUsedAt: expect.any(String) })
  expect(live.members[2]).toMatchObject({ p50Ms: null, lastUsedAt: null })
  expect(live.statements).toMatchObject([
    { kind: 'read', text: 'SELECT 1', member: 'a:1' },
    { kind: 'write', text: 'INSERT INTO words', member: 'b:2' },
  ])
  expect(live.lastMinute.reduce((sum, { count }) => sum + count, 0)).toBe(11)
  expect(live.lastMinute.reduce((sum, { failed }) => sum + failed, 0)).toBe(1)
  expect(heard.map(({ kind, failed }) => `${kind} ${failed}`).slice(-2)).toEqual(['write false', 'read true'])
})

test('the time of a statement is measured, and one under way is counted as such', async () => {
  const activity = createActivity()
  const answer = Promise.withResolvers<void>()
  const running = activity.run(
    'SELECT 1',
    () => answer.promise,
    () => 'a:1',
  )
  expect(activity.inFlight()).toBe(1)
  const start = performance.now()
  while (performance.now() - start < 20); // the clock must move
  answer.resolve()
  await running
  expect(activity.inFlight()).toBe(0)
  expect(activity.live([member('a:1')]).members[0]?.p50Ms).toBeGreaterThanOrEqual(18)
})

test('the last twenty events are kept, in their order', () => {
  const activity = createActivity()
  for (let i = 0; i < 30; i++) activity.event('member down', `m:${i}`, null)
  const { events } = activity.live([])
  expect(events.map(({ member }) => member)).toEqual(Array.from({ length: 20 }, (_, i) => `m:${i + 10}`))
})

test('a member that comes and goes does not push out when the connection itself was lost', () => {
  const activity = createActivity()
  activity.event('lost', null, 'why')
  activity.event('connected', null, null)
  for (let i = 0; i < 30; i++) activity.event('member down', `m:${i}`, null)
  const { events } = activity.live([])
  expect(events).toHaveLength(20)
  expect(events.slice(0, 2).map(({ what }) => what)).toEqual(['lost', 'connected'])
  expect(events.at(-1)?.member).toBe('m:29')
})
