import { calmly, until } from 'conformance'
import type { ConnectionReport } from 'contract'
import type { Logger } from 'server'
import { readConfig } from '../src/config.ts'
import { connect, type Database } from '../src/connection.ts'

type Line = { level: 'info' | 'warn'; fields: Record<string, unknown>; message: string }
export type Report = Omit<ConnectionReport, 'stop' | 'title' | 'hidden'>

/** Connects as the stop does, within the test's process, until the first attempt has ended. */
export const attempt = async (
  env: Record<string, string>,
  use: (seen: { report: Report; log: Line[]; database: Database }) => Promise<void> | void,
): Promise<void> => {
  const config = readConfig(env)
  const { database, log } = await calmly(
    () => attempted(config),
    ({ database }) => database.close(),
  )
  try {
    await use({ report: database.report(), log, database })
    const { password = '' } = config.COMPOSE_SCYLLA_URL[0] ?? {}
    if (JSON.stringify([log, database.report()]).includes(password))
      throw new Error('the password is in the log or in the report')
  } finally {
    await database.close()
  }
}

const attempted = async (config: ReturnType<typeof readConfig>) => {
  const log: Line[] = []
  const note = (level: Line['level']) => (fields: object, message: string) =>
    void log.push({ level, fields: { ...fields }, message })
  const database = connect(config, { info: note('info'), warn: note('warn') } as unknown as Logger)
  try {
    await until('the end of the first attempt', () => database.report().state !== 'waiting', 15_000)
    return { database, log }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** One step of one server of the URL, by its place there; or of the whole database. */
export const stepOf = (report: Report, step: string, server?: number) =>
  (server === undefined ? report.steps : (report.servers[server]?.steps ?? [])).find(
    (one) => one.step === step,
  )
