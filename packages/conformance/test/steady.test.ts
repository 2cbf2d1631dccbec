import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { calmly, undisturbed, watchDatabase } from '../src/steady.ts'

/** A claim that fails the first time. */
const claim = (whileItFails: () => unknown = () => {}) => {
  let times = 0
  return async () => {
    if (++times > 1) return times
    await whileItFails()
    throw new Error('not as claimed')
  }
}
const standStill = () => {
  for (const end = performance.now() + 600; performance.now() < end; );
}
/** Longer than a database may take. */
const lateMs = 1200

describe('a claim of a machine that runs', () => {
  test('fails at once where nothing stood still', async () => {
    await using _ = watchDatabase(async () => {})
    await expect(undisturbed(claim())).rejects.toThrow('not as claimed')
  })

  test('is tried again where this process stood still', async () => {
    expect(await undisturbed(claim(standStill))).toBe(2)
  })

  test('is tried again where the database answered late, or not at all until it failed', async () => {
    await using _ = watchDatabase(() => pause(lateMs))
    expect(await undisturbed(claim(() => pause(lateMs)))).toBe(2)
  })

  test('is tried again where the database refused', async () => {
    await using _ = watchDatabase(() => Promise.reject(new Error('overloaded')))
    expect(await undisturbed(claim(() => pause(300)))).toBe(2)
  })

  test('fails where it failed three times, whatever stood still', async () => {
    let times = 0
    const wrong = async () => {
      times++
      await pause(300)
      throw new Error('never as claimed')
    }
    await using _ = watchDatabase(() => Promise.reject(new Error('overloaded')))
    await expect(undisturbed(wrong)).rejects.toThrow('never as claimed')
    expect(times).toBe(3)
  })
})

describe('what came of a time in which the machine stood still', () => {
  test('does not count, and is ended', async () => {
    let times = 0
    const ended: number[] = []
    const seen = async () => {
      if (++times === 1) standStill()
      return times
    }
    expect(await calmly(seen, async (time) => ended.push(time))).toBe(2)
    expect(ended).toEqual([1])
  })

  test('counts in the end', async () => {
    let times = 0
    const seen = async () => {
      standStill()
      return ++times
    }
    expect(await calmly(seen)).toBe(3)
  })
})
