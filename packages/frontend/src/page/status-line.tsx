import type { ConnectionReport } from 'contract'
import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Condition, ConnectionWatch } from './connection-watch.ts'
import { inMs, latestMs, tlsInWords } from './in-words.ts'
import { loadApart } from './load-apart.ts'
import { type Shape, Sign } from './sign.tsx'
import { isStage, remembered } from './stage.ts'
import { useStore } from './store.ts'

/** What the panel, loaded when it is opened, is given. */
export type PanelProps = { condition: Condition; watch: ConnectionWatch }

/** The connection as a line with stations, drawn and in words, and below it, when asked for, everything about it. */
export const StatusLine = ({ watch }: { watch: ConnectionWatch }) => {
  const condition = useStore(watch)
  const [open, setOpen] = useState(isStage || remembered.get() === 'open')
  const Panel = usePanel(open)
  const toggle = () => {
    remembered.set(open ? 'closed' : 'open')
    setOpen(!open)
  }
  const { sign, summary, details } = inWords(condition)
  const now = ofThisMoment(condition)
  return (
    <section class="status" aria-label="Connection" data-state={condition.state}>
      <div class="width">
        <Route condition={condition} />
        <div class="sentence">
          <Sign shape={sign} />
          <div class="saying">
            {/* Said aloud when it changes; so what changes all the time stands outside of it. */}
            <p role="status">
              <strong>{summary}</strong>
              {details.map((detail) => (
                <span key={detail}>{detail}</span>
              ))}
            </p>
            {now && <span class="now">{now}</span>}
          </div>
          <button type="button" aria-expanded={open} aria-controls="connection-panel" onClick={toggle}>
            {open ? 'Hide the details' : 'Show the details'}
          </button>
        </div>
        <div id="connection-panel">
          {open && Panel === 'failed' && (
            <p role="alert">
              The details did not load. Hide them and show them again to retry; if the stop was updated
              meanwhile, reload the page.
            </p>
          )}
          {open && typeof Panel === 'function' && <Panel condition={condition} watch={watch} />}
        </div>
      </div>
    </section>
  )
}

/** The panel, a file of its own, which is loaded when it is first opened. */
const usePanel = (open: boolean) => {
  const [panel, setPanel] = useState<ComponentType<PanelProps> | 'failed'>()
  useEffect(() => {
    if (!open || typeof panel === 'function') return
    loadApart(() => import('./panel/panel.tsx')).then(
      ({ Panel }) => setPanel(() => Panel),
      () => setPanel('failed'),
    )
  }, [open])
  return panel
}

const Route = ({ condition: { state, report } }: { condition: Condition }) => {
  const database = report?.database
  const withoutDatabase = state === 'ready' && !database
  const reached = state === 'ready' || state === 'waiting'
  return (
    <div class="route" aria-hidden="true">
      <Station name="This page">
        <Track whole={reached} />
      </Station>
      <Station name={report?.stop ?? 'This stop'}>
        {!withoutDatabase && (
          <Track whole={state === 'ready'} label={database?.tls && tlsInWords(database.tls)} />
        )}
      </Station>
      {!withoutDatabase && <Station name={database ? nameOf(database) : 'Its database'} />}
    </div>
  )
}

const Station = ({ name, children }: { name: string; children?: ComponentChildren }) => (
  <div class="station">
    <bdi>{name}</bdi>
    {children}
  </div>
)

const Track = ({ whole, label }: { whole: boolean; label?: string | null | undefined }) => (
  <div class={whole ? 'track' : 'track broken'}>{whole && label && <span>{label}</span>}</div>
)

type InWords = { sign: Shape; summary: string; details: string[] }

const inWords = ({ state, report }: Condition): InWords => {
  if (state === 'asking')
    return { sign: 'asking', summary: 'Asking this stop which database it has …', details: [] }
  if (state === 'unreachable') return { sign: 'bad', summary: 'This stop does not answer', details: [] }
  if (state === 'waiting' || !report)
    return { sign: 'waiting', summary: 'Waiting for the database', details: [report?.reason ?? ''] }
  if (!report.database) return { sign: 'good', summary: 'Ready', details: ['This stop has no database.'] }
  const details = [membersInWords(report), protectionOf(report.database)].filter((text) => text !== '')
  const isWell = report.state === 'ok' && report.database.verified && !hasMemberDown(report)
  return { sign: isWell ? 'good' : 'warning', summary: `Connected to ${nameOf(report.database)}`, details }
}

/** What changes from one answer to the next: how quick the database is, or when it is tried again. */
const ofThisMoment = ({ state, report, againMs }: Condition): string | undefined => {
  if (state === 'unreachable') return `Asked again within ${Math.ceil(againMs / 1000)} s`
  if (state === 'waiting') {
    const nextMs = report?.live?.nextAttemptMs
    return nextMs == null ? undefined : `Tried again within ${Math.max(1, Math.ceil(nextMs / 1000))} s`
  }
  const ms = report && latestMs(report)
  return ms == null ? undefined : inMs(ms)
}

type Database = NonNullable<ConnectionReport['database']>

const nameOf = ({ name, version }: Database): string => `${name} ${version}`

const hasMemberDown = ({ live }: ConnectionReport) => live?.members.some(({ up }) => !up) ?? false

const membersInWords = ({ live }: ConnectionReport): string => {
  const members = live?.members ?? []
  return members.length > 1 ? `${members.filter(({ up }) => up).length} of ${members.length} members` : ''
}

const protectionOf = ({ tls, verified }: Database): string => {
  if (tls === null) return 'Not encrypted'
  return `${tlsInWords(tls)}, ${verified ? 'verified' : 'encrypted but not verified'}`
}
