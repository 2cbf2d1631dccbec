import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { runStop } from './process.ts'

test('the list of a million words takes no more memory than that of ten thousand', async () => {
  /** The bytes of the list, and how many more the process holds than before, at most, while it is sent. */
  const measure = async (words: number) => {
    const { url } = await runStop({ WORDS: String(words) })
    const held = async () => ((await (await fetch(`${url}/memory`)).json()) as { rss: number }).rss
    const before = await held()
    let most = before
    let bytes = 0
    let looked = 0
    for await (const chunk of (await fetch(`${url}/words`)).body ?? []) {
      bytes += chunk.length
      if (bytes - looked < 4_000_000) continue
      looked = bytes
      most = Math.max(most, await held())
    }
    return { bytes, grown: Math.max(most, await held()) - before }
  }
  const small = await measure(10_000)
  const large = await measure(1_000_000)
  expect(large.bytes).toBeGreaterThan(290_000_000)
  expect(large.grown - small.grown).toBeLessThan(120_000_000)
}, 60_000)

test('the list of a million words, to a client that takes all it can get, keeps nobody waiting', async () => {
  const { url, out } = await runStop({ WORDS: '1000000' })
  const reader = spawn(process.execPath, ['-e', `fetch('${url}/words').then((list) => list.bytes())`])
  const ended = once(reader, 'close')
  let longest = 0
  while (reader.exitCode === null) {
    const start = performance.now()
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    longest = Math.max(longest, performance.now() - start)
  }
  expect(await ended).toEqual([0, null])
  // Where the pages leave no room for others, one of them waits for nearly the whole list.
  const listMs = Number(/"url":"\/words","status":200,"ms":([\d.]+)/.exec(out())?.[1])
  expect(longest).toBeLessThan(listMs / 3)
})
