import type { Live } from 'contract'
import { inMs } from '../in-words.ts'

/** The last minute, a mark for each second: from the median up to the slowest hundredth; failures and events on it. */
export const LastMinute = ({ live, at }: { live: Live; at: string }) => {
  const seconds = live.lastMinute
  const count = seconds.reduce((sum, second) => sum + second.count + second.failed, 0)
  const failed = seconds.reduce((sum, second) => sum + second.failed, 0)
  const slowest = Math.max(0, ...seconds.map(({ p99Ms }) => p99Ms ?? 0))
  return (
    <section class="last-minute" aria-labelledby="minute-heading">
      <h3 id="minute-heading">Last minute</h3>
      <p class="summary">
        {count === 0 ? 'No statements' : `${count} ${count === 1 ? 'statement' : 'statements'}`}
        {failed > 0 ? <strong class="failed">, {failed} failed</strong> : count > 0 && ', none failed'}
        {slowest > 0 && `, p99 up to ${inMs(slowest)}`}
      </p>
      <Chart live={live} at={at} scale={scaleOf(seconds)} />
    </section>
  )
}

type Second = Live['lastMinute'][number]
/** Powers of ten, in milliseconds: from the bottom to the top of the chart. */
type Scale = { low: number; high: number }

const windowMs = 60_000

const scaleOf = (seconds: readonly Second[]): Scale => {
  const times = seconds
    .flatMap(({ p50Ms, p99Ms }) => [p50Ms ?? [], p99Ms ?? []].flat())
    .filter((ms) => ms > 0)
  const low = Math.max(-1, Math.min(0, Math.floor(Math.log10(Math.min(1, ...times)))))
  const high = Math.min(4, Math.max(low + 2, Math.ceil(Math.log10(Math.max(1, ...times)))))
  return { low, high }
}

const Chart = ({ live, at, scale }: { live: Live; at: string; scale: Scale }) => {
  const { low, high } = scale
  const now = Date.parse(at)
  const x = (time: string) => (100 - ((now - Date.parse(time)) / windowMs) * 100).toFixed(2)
  const y = (ms: number) => {
    const share = (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low)
    return (94 - Math.min(1, share) * 80).toFixed(2)
  }
  const isShown = ({ at: time }: { at: string }) => now - Date.parse(time) < windowMs
  const powers = Array.from({ length: high - low + 1 }, (_, index) => low + index)
  const shown = live.lastMinute.filter(isShown)
  const failures = shown.filter(({ failed }) => failed > 0)
  return (
    <div class="chart">
      {/* Everything in it is in the text before it and in the list of events. */}
      <svg aria-hidden="true">
        {powers.map((power) => (
          <g key={power} class="grid">
            <line x1="0" x2="100%" y1={`${y(10 ** power)}%`} y2={`${y(10 ** power)}%`} />
            <text x="100%" y={`${y(10 ** power)}%`}>
              {inMs(10 ** power)}
            </text>
          </g>
        ))}
        {live.events.filter(isShown).map((event) => (
          <g key={event.at + event.what + event.member} class={`event ${kindOf[event.what]}`}>
            <line x1={`${x(event.at)}%`} x2={`${x(event.at)}%`} y1="0" y2="94%" />
            <circle cx={`${x(event.at)}%`} cy="5" r="5" />
          </g>
        ))}
        {/* A path for all the marks of a kind: sixty elements of each would be moved every second. */}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true">
          <path
            class="range"
            d={shown.map((one) => mark(x(one.at), y(one.p50Ms ?? 0), y(one.p99Ms ?? 0), one.p50Ms)).join('')}
          />
          <path
            class="median"
            d={shown.map((one) => mark(x(one.at), y(one.p50Ms ?? 0), y(one.p50Ms ?? 0), one.p50Ms)).join('')}
          />
          <path class="failed" d={failures.map((one) => mark(x(one.at), '14', '94')).join('')} />
          <path class="failed end" d={failures.map((one) => mark(x(one.at), '14', '14')).join('')} />
        </svg>
      </svg>
      <p class="times" aria-hidden="true">
        <span>60 s ago</span>
        <span>30 s</span>
        <span>now</span>
      </p>
      <p class="legend">Every second from its median up to its p99.</p>
    </div>
  )
}

/** One upright stroke of a path; with no length, its round or square end alone. Nothing where nothing was measured. */
const mark = (x: string, from: string, to: string, measured: number | null = 0): string =>
  measured === null ? '' : `M${x} ${from}V${to}`

export const kindOf: Record<Live['events'][number]['what'], 'good' | 'bad'> = {
  connected: 'good',
  lost: 'bad',
  'member down': 'bad',
  'member up': 'good',
}
