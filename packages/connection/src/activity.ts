import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Live } from 'contract'

/** One statement that has ended. */
export type Statement = {
  kind: 'read' | 'write'
  /** CQL or SQL, without values. */
  text: string
  /** host:port of the server that answered; null when none did. */
  member: string | null
  ms: number
  failed: boolean
}

/** What a database says of one of its servers, or what the driver knows. */
export type MemberState = Pick<
  Live['members'][number],
  'address' | 'dataCenter' | 'rack' | 'up' | 'connections' | 'inFlight'
>

/** What became of the connection: for the page and the metrics. */
type Event = Live['events'][number]

export type Activity = ReturnType<typeof createActivity>

/**
 * Keeps what a connection did in the last minute: how long its statements took, for each member and second by second,
 * the last read and the last write, losses and recoveries. Memory does not grow: one histogram a second and member.
 */
export const createActivity = () => {
  const seconds = new Map<number, Second>()
  const last = new Map<Statement['kind'], { statement: Statement; endedAt: number }>()
  const lastUsed = new Map<string, number>()
  const events: Event[] = []
  const listeners: ((statement: Statement) => void)[] = []
  let inFlight = 0
  let reconnects = 0

  const secondOf = (now: number): Second => {
    const second = Math.floor(now / 1000)
    const there = seconds.get(second)
    if (there !== undefined) return there
    for (const old of seconds.keys()) if (old <= second - windowSeconds) seconds.delete(old)
    const fresh = new Map()
    seconds.set(second, fresh)
    return fresh
  }
  const record = (statement: Statement) => {
    const now = Date.now()
    const { kind, member, ms, failed } = statement
    const second = secondOf(now)
    const counts = second.get(member ?? '') ?? { histogram: newHistogram(), failed: 0 }
    second.set(member ?? '', counts)
    if (failed) counts.failed++
    else {
      counts.histogram.record(Math.max(1, Math.round(ms * 1000)))
      last.set(kind, { statement, endedAt: now })
    }
    if (member !== null) lastUsed.set(member, now)
    for (const listener of listeners) listener(statement)
  }

  return {
    /**
     * Runs one statement and records it.
     * @param text its CQL or SQL; what begins with SELECT counts as a read
     * @param memberOf who answered: of the result, or of the error
     */
    run: async <Result>(
      text: string,
      work: () => Promise<Result>,
      memberOf: (outcome: Result | unknown) => string | null,
    ): Promise<Result> => {
      const kind = /^\s*SELECT/i.test(text) ? 'read' : 'write'
      const startMs = performance.now()
      const ended = (outcome: Result | unknown, failed: boolean) =>
        record({ kind, text, member: memberOf(outcome), ms: performance.now() - startMs, failed })
      inFlight++
      try {
        const result = await work()
        ended(result, false)
        return result
      } catch (error) {
        ended(error, true)
        throw error
      } finally {
        inFlight--
      }
    },
    /** Notes a loss or a recovery; the last twenty are kept. */
    event: (what: Event['what'], member: string | null, reason: string | null) => {
      if (what === 'connected') reconnects++
      events.push({ at: new Date().toISOString(), what, member, reason })
      // A member that comes and goes must not push out when the connection itself was last lost and regained.
      const ofMember = events.findIndex((event) => event.member !== null)
      if (events.length > 20) events.splice(Math.max(0, ofMember), 1)
    },
    /** Calls the listener with every statement that ends. */
    onStatement: (listener: (statement: Statement) => void) => void listeners.push(listener),
    inFlight: () => inFlight,
    /** How often the connection was made, the first time included. */
    connects: () => reconnects,
    /** The parts of a report that come from here. */
    live: (members: readonly MemberState[]): Omit<Live, 'pool' | 'nextAttemptMs'> => {
      // In a cloud, members come and go.
      for (const one of lastUsed.keys())
        if (!members.some(({ address }) => address === one)) lastUsed.delete(one)
      const oldest = Math.floor(Date.now() / 1000) - windowSeconds
      const minute = [...seconds].filter(([second]) => second > oldest)
      return {
        members: members.map((member) => {
          const own = minute
            .map(([, counts]) => counts.get(member.address))
            .filter((counts) => counts !== undefined)
          const usedAt = lastUsed.get(member.address)
          const { count: requests, failed, p50Ms, p99Ms } = summaryOf(own)
          const lastUsedAt = usedAt === undefined ? null : new Date(usedAt).toISOString()
          return { ...member, requests, failed, p50Ms, p99Ms, lastUsedAt }
        }),
        inFlight,
        lastMinute: minute.map(([second, counts]) => ({
          at: new Date(second * 1000).toISOString(),
          ...summaryOf([...counts.values()]),
        })),
        statements: [...last.values()].map(({ statement: { kind, text, member, ms }, endedAt }) => {
          return { kind, text, member, ms: rounded(ms), at: new Date(endedAt).toISOString() }
        }),
        events: [...events],
      }
    },
  }
}

const windowSeconds = 60

/** By member: '' for statements that no member answered. */
type Second = Map<string, Counts>
type Counts = { histogram: RecordableHistogram; failed: number }

/** In microseconds, up to 20 s, with one significant digit: 5 kB each. */
const newHistogram = () => createHistogram({ lowest: 1, highest: 20_000_000, figures: 1 })

const summaryOf = (all: readonly Counts[]) => {
  const failed = all.reduce((sum, counts) => sum + counts.failed, 0)
  const histogram = newHistogram()
  for (const counts of all) histogram.add(counts.histogram)
  const percentile = (p: number) => (histogram.count === 0 ? null : rounded(histogram.percentile(p) / 1000))
  return { count: histogram.count, failed, p50Ms: percentile(50), p99Ms: percentile(99) }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100
