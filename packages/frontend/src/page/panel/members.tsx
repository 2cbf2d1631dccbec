import type { ConnectionReport, Live } from 'contract'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { inMs } from '../in-words.ts'
import { Branch, Origin } from './branch.tsx'
import { Pool } from './pool.tsx'
import { pure } from './pure.ts'
import { Semaphore } from './semaphore.tsx'
import { Train } from './train.tsx'

type Member = Live['members'][number]

/** The members as stations at the end of the stop's lines: a signal each, and the train where the last answer came from. */
export const Members = ({ stop, live }: Pick<ConnectionReport, 'stop'> & { live: Live }) => {
  const { members, statements, pool } = live
  const centres = Map.groupBy(sorted(members), ({ dataCenter }) => dataCenter ?? '')
  const latest = statements.toSorted((a, b) => a.at.localeCompare(b.at)).at(-1)
  const section = useTrain(latest?.member)
  return (
    <section ref={section} class="members" aria-labelledby="members-heading">
      <h3 id="members-heading">{members.length > 1 ? 'Members' : 'Server'}</h3>
      {[...centres].map(([centre, members]) => (
        <div key={centre} class="centre">
          <p class="origin">
            <Origin />
            <bdi>{stop}</bdi>
            {centre && <span>{centre}</span>}
          </p>
          <ul>
            {members.map((member) => (
              <MemberCard
                key={member.address}
                member={member}
                answered={latest?.member === member.address ? latest.kind : undefined}
              />
            ))}
            {pool && (
              <li class="beside">
                <Pool pool={pool} />
              </li>
            )}
          </ul>
        </div>
      ))}
    </section>
  )
}

/** By place, so that a member stands where it stood. */
const sorted = (members: readonly Member[]): Member[] =>
  members.toSorted((a, b) => placeOf(a).localeCompare(placeOf(b), 'en', { numeric: true }))

const placeOf = ({ dataCenter, rack, address }: Member): string => [dataCenter, rack, address].join(' ')

/** Has the train run to the member that answered, unless it has only just arrived or motion is not wanted. */
const useTrain = (member: string | null | undefined) => {
  const section = useRef<HTMLElement>(null)
  const stood = useRef<{ x: number; y: number; sinceMs: number }>(undefined)
  useLayoutEffect(() => {
    const train = section.current?.querySelector('.engine')
    if (!train) return
    const { x, y } = train.getBoundingClientRect()
    const from = stood.current
    const now = performance.now()
    stood.current = { x: x + scrollX, y: y + scrollY, sinceMs: now }
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (!from || isStill || now - from.sinceMs < restMs) return
    const transform = `translate(${from.x - stood.current.x}px, ${from.y - stood.current.y}px)`
    train.animate([{ transform }, { transform: 'none' }], { duration: 700, easing: 'ease-in-out' })
  }, [member])
  return section
}

/** Under load the answers come from another member every second: a train that never stands still tells nothing. */
const restMs = 3000

type MemberCardProps = {
  member: Member
  /** What the last statement was, when it was this member that answered it. */
  answered: 'read' | 'write' | undefined
}

const MemberCard = pure(({ member, answered }: MemberCardProps) => {
  const { address, up, rack, p50Ms, p99Ms, inFlight, connections, requests, failed } = member
  return (
    <li class={up ? 'member' : 'member down'}>
      <Branch />
      <p class="answered">
        {answered && (
          <>
            <Train /> last {answered}
          </>
        )}
      </p>
      <Semaphore isClear={up} />
      <div class="who">
        <h4>
          <bdi>{address}</bdi>
        </h4>
        <p>{rack}</p>
        {up && p50Ms !== null ? (
          <p class="figure">
            {inMs(p50Ms)} <span>median</span>
          </p>
        ) : (
          <p class="figure">{up ? 'Up' : 'Down'}</p>
        )}
      </div>
      <dl>
        {p99Ms !== null && <Figure name="p99" value={inMs(p99Ms)} />}
        <Figure name="last minute" value={failed > 0 ? `${requests}, ${failed} failed` : String(requests)} />
        {inFlight !== null && <Figure name="in flight" value={String(inFlight)} />}
        {connections !== null && <Figure name="connections" value={String(connections)} />}
      </dl>
    </li>
  )
})

const Figure = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)
