import type { ComponentChildren } from 'preact'
import type { Condition } from './health.ts'

/**
 * The connection as a line with stations, drawn and in words: a whole line is connected, a broken one is not.
 * What is given as children goes below it.
 */
export const StatusLine = ({
  condition,
  children,
}: {
  condition: Condition
  children?: ComponentChildren
}) => {
  const { health } = condition
  const { sign, summary, detail } = inWords(condition)
  const database = health?.database
  const withoutDatabase = health?.status === 'ok' && !database
  const reached = condition.state === 'ready' || condition.state === 'waiting'
  return (
    <section class="status" aria-label="Connection" data-state={condition.state}>
      <div class="width">
        <div class="route" aria-hidden="true">
          <Station name="This page">
            <Track whole={reached} />
          </Station>
          <Station name={health?.stop ?? 'This stop'}>
            {!withoutDatabase && (
              <Track whole={condition.state === 'ready'} label={database?.tls && tlsInWords(database.tls)} />
            )}
          </Station>
          {!withoutDatabase && (
            <Station name={database ? `${database.name} ${database.version}` : 'Its database'} />
          )}
        </div>
        <div class="sentence" role="status">
          <Sign shape={sign} />
          <p>
            <strong>{summary}</strong>
            {detail && <span class="detail">{detail}</span>}
          </p>
        </div>
        {children}
      </div>
    </section>
  )
}

type Shape = 'asking' | 'good' | 'warning' | 'waiting' | 'bad'

const inWords = ({
  state,
  health,
}: Condition): { sign: Shape; summary: string; detail?: string | undefined } => {
  if (state === 'asking') return { sign: 'asking', summary: 'Asking this stop which database it has …' }
  if (state === 'unreachable')
    return { sign: 'bad', summary: 'This stop does not answer', detail: 'Trying again by itself.' }
  if (state === 'waiting')
    return { sign: 'waiting', summary: 'Waiting for the database', detail: health?.reason }
  const database = health?.database
  if (!database) return { sign: 'good', summary: 'Ready', detail: 'This stop has no database.' }
  return {
    sign: database.verified ? 'good' : 'warning',
    summary: `Connected to ${database.name} ${database.version}`,
    detail: protectionOf(database.tls, database.verified),
  }
}

const protectionOf = (tls: string | null, verified: boolean): string => {
  if (tls === null) return 'Not encrypted'
  return `${tlsInWords(tls)}, ${verified ? 'verified' : 'encrypted but not verified'}`
}

/** TLSv1.3, as OpenSSL writes it, as people do. */
const tlsInWords = (protocol: string): string => protocol.replace(/^TLSv/, 'TLS ')

const Station = ({ name, children }: { name: string; children?: ComponentChildren }) => (
  <div class="station">
    <bdi>{name}</bdi>
    {children}
  </div>
)

const Track = ({ whole, label }: { whole: boolean; label?: string | null | undefined }) => (
  <div class={whole ? 'track' : 'track broken'}>{whole && label}</div>
)

/** One shape for each state, so that its colour is never the only signal. */
const Sign = ({ shape }: { shape: Shape }) => (
  <svg class={`sign ${shape}`} viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    {shape === 'good' && <path class="filled" d="M12 1a11 11 0 1 0 0 22a11 11 0 0 0 0-22z" />}
    {shape === 'good' && <path class="mark" d="M7 12.5l3.5 3.5l6.5-7.5" />}
    {shape === 'warning' && <path class="filled" d="M12 1.5L23.5 22H.5z" />}
    {shape === 'warning' && <path class="mark" d="M12 9v6M12 17.8v1.2" />}
    {(shape === 'waiting' || shape === 'asking') && (
      <circle class="ring" cx="12" cy="12" r="9" pathLength="12" stroke-dasharray="2 1" />
    )}
    {shape === 'bad' && <path class="filled" d="M1.5 1.5h21v21h-21z" />}
    {shape === 'bad' && <path class="mark" d="M7.5 7.5l9 9M16.5 7.5l-9 9" />}
  </svg>
)
