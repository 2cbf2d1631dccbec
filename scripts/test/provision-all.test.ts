import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { type Provision, provisionAll } from '../provision-all.ts'

let printed: string[]
beforeEach(() => {
  printed = []
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)))
})
afterEach(() => {
  jest.restoreAllMocks()
})

const signal = new AbortController().signal
const all = async (provisions: Record<string, Provision>) => {
  const results = await Promise.allSettled(
    provisionAll(new Map(Object.entries(provisions)), signal, () => {}).values(),
  )
  return results.map((result) => (result.status === 'rejected' ? result.reason.message : 'had'))
}

test('what has to be installed is told for all together before any is, and what comes of it at once', async () => {
  const toldBefore: string[][] = []
  const installs =
    (name: string, delay: Promise<void>): Provision =>
    async ({ confirm }) => {
      await delay
      await confirm(`This installs ${name}. Go on?`)
      toldBefore.push([...printed])
      if (name === 'a') await confirm('Without it, this installs c. Go on?')
    }
  const late = Promise.withResolvers<void>()
  setImmediate(late.resolve)
  const provisions = {
    a: installs('a', Promise.resolve()),
    there: async () => {},
    failing: () => Promise.reject(new Error('cannot be had')),
    b: installs('b', late.promise),
  }
  expect(await all(provisions)).toEqual(['had', 'had', 'cannot be had', 'had'])
  expect(toldBefore[0]).toEqual(['This installs a.', 'This installs b.'])
  expect(printed).toEqual(['This installs a.', 'This installs b.', 'Without it, this installs c.'])
})
