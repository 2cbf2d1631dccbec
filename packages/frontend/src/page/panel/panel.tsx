import './panel.css'
import type { ConnectionReport } from 'contract'
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { loadApart } from '../load-apart.ts'
import { isStage } from '../stage.ts'
import type { PanelProps } from '../status-line.tsx'
import type { BreakItProps } from './break-it.tsx'
import { Certificates } from './certificates.tsx'
import { Events } from './events.tsx'
import { LastMinute } from './last-minute.tsx'
import { Members } from './members.tsx'
import { shared } from './pure.ts'
import { Statements } from './statements.tsx'
import { Steps } from './steps.tsx'

/** Everything about the connection, from the stop's last report, kept current while it is open. */
export const Panel = ({ condition, watch }: PanelProps) => {
  const { state } = condition
  const drawn = useRef<ConnectionReport>(undefined)
  const report = condition.report && shared(drawn.current, condition.report)
  drawn.current = report
  useEffect(() => watch.follow(), [])
  const BreakIt = useBreakIt(report?.canBreak ?? false)
  if (!report) return null
  const { live, hidden } = report
  return (
    <div class={state === 'unreachable' ? 'panel outdated' : 'panel'}>
      <h2 class="unseen">The connection</h2>
      {state === 'unreachable' && <p class="note">As it was at {timeOf(report.at)}, its last answer.</p>}
      {hidden && (
        <p class="note">Addresses, names and the user are for the machine that this stop runs on.</p>
      )}
      {/* For a room, what it came to see stands first. */}
      {!isStage && <Steps servers={report.servers} steps={report.steps} />}
      {live && live.members.length > 0 && <Members stop={report.stop} live={live} />}
      {BreakIt && <BreakIt report={report} watch={watch} />}
      {live && <LastMinute live={live} at={report.at} />}
      {live && <Events events={live.events} />}
      {isStage && <Steps servers={report.servers} steps={report.steps} />}
      {live && <Statements statements={live.statements} at={report.at} />}
      <Certificates servers={report.servers} />
    </div>
  )
}

/** The buttons that break the connection, for a stop that says it can be broken. */
const useBreakIt = (canBreak: boolean) => {
  const [breakIt, setBreakIt] = useState<ComponentType<BreakItProps>>()
  useEffect(() => {
    if (canBreak)
      loadApart(() => import('./break-it.tsx')).then(
        ({ BreakIt }) => setBreakIt(() => BreakIt),
        () => {}, // A stop without that folder has nothing to break.
      )
  }, [canBreak])
  return canBreak ? breakIt : undefined
}

/** The time of day, as the reader's own clock has it. */
const timeOf = (at: string): string => new Date(at).toLocaleTimeString('en-GB')
