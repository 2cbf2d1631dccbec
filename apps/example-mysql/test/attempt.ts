import { calmly, until } from 'conformance'
import { sentence } from 'connection'
import type { ConnectionReport, StepName } from 'contract'
import type { Logger } from 'server'
import { readConfig } from '../src/config.ts'
import { connect } from '../src/connection.ts'

/** Connects as the stop does, in this process, and notes what it logs. */
export const connectNoting = (env: Record<string, string>) => {
  const lines: { level: string; message: string; reason?: string }[] = []
  const note = (level: string) => (fields: { reason?: string }, message: string) =>
    void lines.push({ level, message, ...(fields.reason && { reason: fields.reason }) })
  const log = { info: note('info'), warn: note('warn') } as unknown as Logger
  const database = connect(readConfig(env), log)
  return { ...database, lines }
}

type Step<Name extends StepName> = Extract<ConnectionReport['steps'][number], { step: Name }>

/** A report as tests ask for it. */
export const inReport = (report: Pick<ConnectionReport, 'servers' | 'steps' | 'reason'>) => {
  const all = [...report.servers.flatMap(({ steps }) => steps), ...report.steps]
  const step = <Name extends StepName>(name: Name) => all.find((one): one is Step<Name> => one.step === name)
  return {
    step,
    /** The step that failed, or undefined. */
    failedAt: all.find(({ state }) => state === 'failed')?.step,
    /** What is wrong, or a warning, as sentences. */
    faults: all.flatMap(({ faults }) => faults).map(sentence),
    states: all.map(({ state }) => state),
    reason: report.reason,
  }
}

/** Goes the steps once, as the stop does when it starts, and closes what was opened. */
export const attempt = (env: Record<string, string>) => calmly(() => attemptOnce(env))

const attemptOnce = async (env: Record<string, string>) => {
  const database = connectNoting(env)
  try {
    await until('the first attempt to end', () => database.report().state !== 'waiting')
    return { ...inReport(database.report()), lines: database.lines }
  } finally {
    await database.close()
  }
}
