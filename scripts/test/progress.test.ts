import { afterEach, expect, jest, test } from '@jest/globals'
import { sayWhatTakesLong } from '../progress.ts'

afterEach(() => {
  jest.restoreAllMocks()
  jest.useRealTimers()
})

test('what takes more than 2 s is said then, and every 10 s; a warning is said at once', () => {
  jest.useFakeTimers({ doNotFake: [] })
  const log = jest.spyOn(console, 'log').mockImplementation(() => {})
  const said = () => log.mock.calls.splice(0).map(([line]) => line)
  const say = sayWhatTakesLong('scylla')
  say('starting')
  say('Warning: only one member')
  expect(said()).toEqual(['scylla: Warning: only one member'])
  jest.advanceTimersByTime(2000)
  expect(said()).toEqual(['scylla: starting … 2 s'])
  jest.advanceTimersByTime(10_000)
  expect(said()).toEqual(['scylla: starting … 12 s'])
  say('making roles')
  jest.advanceTimersByTime(1999)
  say()
  jest.advanceTimersByTime(10_000)
  expect(said()).toEqual([])
})
