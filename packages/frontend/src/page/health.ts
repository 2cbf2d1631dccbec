import type { Health } from 'contract'
import type { createClient } from 'contract/client'
import { createStore, type Store } from './store.ts'
import { backOffMs, whenSeen } from './trying-again.ts'

/** What the page knows of its stop: what the stop last said of itself, and whether it still answers. */
export type Condition = {
  state: 'asking' | 'ready' | 'waiting' | 'unreachable'
  /** The stop's last answer; while it is unreachable, the one before. */
  health: Health | undefined
}

export type HealthWatch = Store<Condition> & {
  /** Asks at once: something else just failed or worked, so the last answer may be out of date. */
  askNow(): void
}

const readyIntervalMs = 10_000
const deadlineMs = 5000

/** Asks /readyz again and again: every 10 s while all is well, sooner while not, never in a tab nobody sees. */
export const watchHealth = (client: Pick<ReturnType<typeof createClient>, 'ready'>): HealthWatch => {
  const [store, set] = createStore<Condition>({ state: 'asking', health: undefined })
  let failures = 0
  let asking = false
  let cancelNext = () => {}

  const ask = async (): Promise<void> => {
    if (asking) return
    asking = true
    cancelNext()
    const next = await answer()
    asking = false
    failures = next.state === 'ready' ? 0 : failures + 1
    cancelNext = whenSeen(failures === 0 ? readyIntervalMs : backOffMs(failures), ask)
    set(next)
  }
  const answer = async (): Promise<Condition> => {
    try {
      const health = await client.ready({ signal: AbortSignal.timeout(deadlineMs) })
      if (health.status === 'ok') return { state: 'ready', health }
      if (health.status === 'waiting') return { state: 'waiting', health }
    } catch {} // Not reached, or something else than a stop answered: the same to who looks at the page.
    return { state: 'unreachable', health: store.state.health }
  }

  void ask()
  return Object.assign(store, { askNow: () => void ask() })
}
