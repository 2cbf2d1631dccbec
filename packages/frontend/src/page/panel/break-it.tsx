import './break-it.css'
import type { ConnectionReport } from 'contract'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ConnectionWatch } from '../connection-watch.ts'
import { shared } from './pure.ts'

/** What can be done to the local database: once done, it is `broken` until it is undone. */
type Breakage = { id: string; title: string; member: number | null; broken: boolean }

export type BreakItProps = { report: ConnectionReport; watch: ConnectionWatch }

const path = '/break'

/**
 * Buttons that break the connection, and undo it, for a stop in development. It is a file of its own, in a folder
 * that the production folder of a stop leaves out (`developmentFolder`).
 */
export const BreakIt = ({ report, watch }: BreakItProps) => {
  const [breakages, setBreakages] = useState<readonly Breakage[]>([])
  const [busy, setBusy] = useState<readonly string[]>([])
  const [refusal, setRefusal] = useState<string>()
  const loads = useRef(0)

  const load = async (): Promise<void> => {
    const mine = ++loads.current
    const response = await fetch(path).catch(() => undefined)
    const next: Breakage[] | undefined = response?.ok ? await response.json() : undefined
    // An answer that was overtaken by a later question may be older than what was done since.
    if (next && mine === loads.current) setBreakages((before) => shared(before, next))
  }
  // Somebody else may break it too, from a terminal, and what is slow or paused is no event: so with every report.
  useEffect(() => {
    if (busy.length === 0) void load()
  }, [report.at])

  const send = async (method: 'POST' | 'DELETE', id = ''): Promise<void> => {
    if (busy.includes(id)) return
    setBusy((others) => [...others, id])
    setRefusal(undefined)
    try {
      const response = await fetch(id === '' ? path : `${path}/${encodeURIComponent(id)}`, { method })
      if (!response.ok) setRefusal(await detailOf(response))
    } catch {
      setRefusal('This stop does not answer.')
    }
    await load()
    setBusy((others) => others.filter((other) => other !== id))
    watch.askNow()
  }

  const buttons = (some: readonly Breakage[]) =>
    some.map(({ id, title, broken }) => {
      const [, what = title, ofMember = ''] = /^(.+?)((?: to)? (?:member \d+|the server))$/.exec(title) ?? []
      return (
        <button
          key={id}
          type="button"
          aria-pressed={broken}
          aria-disabled={busy.includes(id)}
          onClick={() => send(broken ? 'DELETE' : 'POST', id)}
        >
          <span>
            {what}
            <span class="unseen">{ofMember}</span>
          </span>
          <span class="undo">{busy.includes(id) ? '…' : broken ? 'Undo' : ''}</span>
        </button>
      )
    })

  const isBroken = breakages.some(({ broken }) => broken)
  const isRestoring = busy.includes('')
  const members = Map.groupBy(breakages, ({ member }) => member)
  return (
    <section class="break-it" aria-labelledby="break-heading">
      <div class="top">
        <h3 id="break-heading">Break it</h3>
        {buttons(members.get(null) ?? [])}
        <button
          type="button"
          aria-disabled={isRestoring || !isBroken}
          onClick={() => isBroken && send('DELETE')}
        >
          {isRestoring ? 'Restoring …' : 'Restore everything'}
        </button>
      </div>
      <p role="alert">{refusal}</p>
      {[...members].map(
        ([member, some]) =>
          member !== null && (
            <div key={member} class="of-member">
              {/* The name of each button has it too. */}
              <p aria-hidden="true">{members.size > 2 && `Member ${member + 1}`}</p>
              {buttons(some)}
            </div>
          ),
      )}
    </section>
  )
}

const detailOf = async (response: Response): Promise<string> => {
  const problem = await response.json().catch(() => undefined)
  return problem?.detail ?? problem?.title ?? `The stop answered ${response.status}.`
}
