import { describe, expect, test } from '@jest/globals'
import { firstTimes } from '../src/first-times.ts'

describe('an id', () => {
  test('comes for the first time once', () => {
    const isFirst = firstTimes()
    expect([isFirst('a'), isFirst('b'), isFirst('a'), isFirst('b')]).toEqual([true, true, false, false])
  })

  test('is remembered for 24 hours after its first time', () => {
    let now = 0
    const isFirst = firstTimes(() => now)
    const answers = [0, 23.9, 24, 47.9, 48].map((hours) => {
      now = hours * 3_600_000
      return isFirst('a')
    })
    expect(answers).toEqual([true, false, true, false, true])
  })

  test('is forgotten after 100,000 others, so that memory does not grow without end', () => {
    const isFirst = firstTimes()
    for (let id = 0; id <= 100_000; id++) isFirst(`${id}`)
    expect(isFirst('1')).toBe(false)
    expect(isFirst('0')).toBe(true)
  })
})
