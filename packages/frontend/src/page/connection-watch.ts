import type { ConnectionReport } from 'contract'
import type { createClient } from 'contract/client'
import { createStore, type Store } from './store.ts'
import { backOffMs, whenSeen } from './trying-again.ts'

/** What the page knows of its stop: what the stop last said of its connection, and whether it still answers. */
export type Condition = {
  state: 'asking' | 'ready' | 'waiting' | 'unreachable'
  /** The stop's last answer; while it is unreachable, the one before. */
  report: ConnectionReport | undefined
  /** Milliseconds from that answer, or its absence, to the next question. */
  againMs: number
}

export type ConnectionWatch = Store<Condition> & {
  /** Asks at once: something else just failed or worked, so the last answer may be out of date. */
  askNow(): void
  /** Asks every second or two, for somebody who looks at the details, until the function it gives back is called. */
  follow(): () => void
}

const readyIntervalMs = 10_000
const followedIntervalMs = { quiet: 2000, eventful: 1000 }
const eventfulMs = 10_000
const deadlineMs = 5000

/**
 * Asks /connection again and again: every 10 s while all is well; while somebody follows it, every 2 s, and every second
 * in an outage and just after an event; with back-off while the stop does not answer; never in a tab that nobody sees.
 */
export const watchConnection = (
  client: Pick<ReturnType<typeof createClient>, 'connection'>,
): ConnectionWatch => {
  const [store, set] = createStore<Condition>({ state: 'asking', report: undefined, againMs: 0 })
  let failures = 0
  let followers = 0
  let asking = false
  let cancelNext = () => {}

  const ask = async (): Promise<void> => {
    if (asking) return
    asking = true
    cancelNext()
    const next = await answer()
    asking = false
    failures = next.state === 'ready' ? 0 : failures + 1
    const againMs = intervalMs(next)
    cancelNext = whenSeen(againMs, ask)
    set({ ...next, againMs })
  }
  const answer = async (): Promise<Pick<Condition, 'state' | 'report'>> => {
    try {
      const report = await client.connection({ signal: AbortSignal.timeout(deadlineMs) })
      return { state: report.reason === null ? 'ready' : 'waiting', report }
    } catch {
      // Not reached, or something else than a stop answered: the same to who looks at the page.
      return { state: 'unreachable', report: store.state.report }
    }
  }
  const intervalMs = ({ state, report }: Pick<Condition, 'state' | 'report'>): number => {
    if (followers > 0 && state !== 'unreachable' && report) {
      const isEventful = state !== 'ready' || sinceEventMs(report) < eventfulMs
      return isEventful ? followedIntervalMs.eventful : followedIntervalMs.quiet
    }
    return state === 'ready' ? readyIntervalMs : backOffMs(failures)
  }

  void ask()
  return Object.assign(store, {
    askNow: () => void ask(),
    follow: () => {
      followers++
      void ask()
      return () => followers--
    },
  })
}

/** Milliseconds since the last loss or recovery, by the stop's clock. */
const sinceEventMs = ({ at, live }: ConnectionReport): number =>
  Date.parse(at) - Date.parse(live?.events.at(-1)?.at ?? '1970')
