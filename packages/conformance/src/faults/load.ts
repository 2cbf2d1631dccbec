import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Stop } from '../stop.ts'
import { type Call, callOnce } from './calls.ts'

/**
 * Reads and writes of 32 clients, each of which sends the next request when it has the answer to the last.
 *
 * @param pauseMs how long it waits between, to leave processors to others
 */
export const underLoad = ({ url }: Pick<Stop, 'url'>, pauseMs = 0) => {
  const all: Call[] = []
  const agent = new Agent({ keepAlive: true })
  let isOver = false
  const run = randomUUID().slice(0, 8)
  const work = async (_: unknown, client: number) => {
    for (let i = 0; !isOver; i++) {
      all.push(await callOnce(url, (client + i) % 2 === 0 ? 'read' : 'write', `${run} ${client} ${i}`, agent))
      if (pauseMs > 0) await pause(pauseMs)
    }
  }
  const working = Promise.all(Array.from({ length: 32 }, work))
  return {
    /** Every call that has been answered, in the order of the answers. */
    all,
    /** No request after those that are under way; resolves when all have their answers. */
    end: async () => {
      isOver = true
      await working
      agent.destroy()
    },
    failed: () => all.filter(({ status }) => status === 0 || status >= 300),
    /** The words that the stop said it has. */
    acknowledged: () =>
      all.filter(({ kind, status }) => kind === 'write' && status === 204).map(({ word }) => word),
    slowestMs: () => Math.max(...all.map(({ startAt, endAt }) => endAt - startAt)),
  }
}
