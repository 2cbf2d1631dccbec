import { expect, test } from '@jest/globals'
import { steadyNow, undisturbed } from '../steady.ts'
import { type App, spawnStop } from '../stop.ts'
import { until } from '../until.ts'
import { underLoad } from './load.ts'
import { isFull } from './size.ts'

type Subject = {
  app: App
  /** A way to the database that sees how connections end. */
  watched: () => Promise<{
    env: Record<string, string>
    /** How many connections were broken off so far, not closed, where no stop runs. */
    brokenOff: () => number | Promise<number>
    close: () => Promise<unknown>
  }>
}

const times = isFull ? 50 : 3

/** Declares the test that an orchestrator's SIGTERM costs nobody anything, neither clients nor the database. */
export const testStopping = (name: string, { app, watched }: Subject): void =>
  test(
    `${name}: SIGTERM under load, ${times} times: what was under way is answered, exit code 0 within 10 s, the database sees an orderly close`,
    async () => {
      const { env, brokenOff, close } = await watched()
      let requests = 0
      let slowestMs = 0
      const once = async () => {
        const before = await brokenOff()
        const stop = await spawnStop(app, env)
        const load = underLoad(stop)
        try {
          await until('some answers', () => load.all.length > 200)
          const toldAt = steadyNow()
          const [exitCode] = await Promise.all([stop.stop(10_000), load.end()])
          expect(load.failed()).toEqual([])
          expect(exitCode).toBe(0)
          const ms = steadyNow() - toldAt
          expect(ms).toBeLessThan(10_000)
          slowestMs = Math.max(slowestMs, ms)
          requests += load.all.length
          expect(stop.log()).toContain('"msg":"stopped"')
          expect(await brokenOff()).toBe(before)
        } finally {
          await load.end()
          await stop.kill()
        }
      }
      try {
        for (let time = 0; time < times; time++) await undisturbed(once)
      } finally {
        await close()
      }
      const figures = `${times} times, ${requests} requests, 0 failed; at most ${Math.round(slowestMs)} ms to end`
      process.stdout.write(`\nSIGTERM: ${name}\n  ${figures}\n`)
    },
    times * 60_000,
  )
