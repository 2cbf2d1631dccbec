import type { ConnectionReport, Live } from 'contract'
import type { ServerFacts } from './keep-connected.ts'
import type { Steps } from './steps.ts'

type Parts = {
  steps: ReturnType<Steps['report']>
  /** What is wrong with the whole connection, as a sentence; undefined when it serves. */
  reason: string | undefined
  /** Whether an attempt has ended, well or not. */
  isTried: boolean
  database: ServerFacts | null
  live: Live | null
}

/** A report without the names of its stop, which whoever shows it knows. */
export type Report = Omit<ConnectionReport, 'stop' | 'title' | 'hidden'>

/** One report of steps, whether of a running stop or of a diagnosis. */
export const reportOf = ({ steps, reason, isTried, database, live }: Parts): Report => ({
  at: new Date().toISOString(),
  state: reason === undefined ? worstOf(steps) : isTried ? 'failed' : 'waiting',
  reason: reason ?? null,
  database,
  ...withDaysLeft(steps),
  live,
})

/**
 * What has failed is a warning while the database serves: a server of several, or a question that is asked once more
 * before anything is called lost.
 */
const worstOf = ({ servers, steps }: Parts['steps']): Report['state'] => {
  const states = [...servers.flatMap((server) => server.steps), ...steps].map(({ state }) => state)
  return states.includes('failed') || states.includes('warning') ? 'warning' : 'ok'
}

/** The certificate was seen when the connection was made, which may be long ago. */
const withDaysLeft = ({ servers, steps }: Parts['steps']): Parts['steps'] => ({
  servers: servers.map(({ server, steps }) => ({
    server,
    steps: steps.map((step) =>
      step.step === 'certificate' && step.found?.validTo
        ? { ...step, found: { ...step.found, daysLeft: daysUntil(step.found.validTo) } }
        : step,
    ),
  })),
  steps,
})

/** Whole days from now; negative when the time is past. */
export const daysUntil = (time: string): number => Math.floor((Date.parse(time) - Date.now()) / 86_400_000)
