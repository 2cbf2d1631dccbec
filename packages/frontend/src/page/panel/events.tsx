import type { Live } from 'contract'
import { Sign } from '../sign.tsx'
import { kindOf } from './last-minute.tsx'
import { pure } from './pure.ts'

const shownEvents = 6

/** The last losses and recoveries, the newest first. */
export const Events = pure(({ events }: Pick<Live, 'events'>) => (
  <section class="events" aria-labelledby="events-heading">
    <h3 id="events-heading">What happened</h3>
    {events.length === 0 && <p class="note">Nothing yet.</p>}
    <ol>
      {events
        .slice(-shownEvents)
        .toReversed()
        .map(({ at, what, member, reason }) => (
          <li key={at + what + member}>
            <time dateTime={at}>{new Date(at).toLocaleTimeString('en-GB')}</time>
            <Sign shape={kindOf[what]} />
            <p>
              <strong>
                {inWords[what]} {member}
              </strong>
              {reason && <span class="reason">{reason}</span>}
            </p>
          </li>
        ))}
    </ol>
  </section>
))

const inWords: Record<Live['events'][number]['what'], string> = {
  connected: 'Connected',
  lost: 'Connection lost',
  'member down': 'Down:',
  'member up': 'Up again:',
}
