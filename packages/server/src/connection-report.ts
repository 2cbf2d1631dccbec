import { type ConnectionReport, contract, paths, type Step } from 'contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Database } from './health.ts'
import { hiddenReason } from './local-requests.ts'
import { statementSources } from './statement-source.ts'

/**
 * GET /connection: how this process's connection to the database stands, for whoever may see it. Where several share
 * the port (workers.ts), each has its own, and one of them answers.
 */
export const connectionReport =
  (
    stop: string,
    title: string,
    database: Database | null,
    memberName: (address: string) => string,
  ): FastifyPluginAsyncZod =>
  async (server) => {
    const sourceOf = statementSources()
    const withSources = (report: ConnectionReport): ConnectionReport => ({
      ...report,
      live: report.live && {
        ...report.live,
        statements: report.live.statements.map((statement) => {
          const source = sourceOf(statement.text)
          return { ...statement, ...(source && { source }) }
        }),
      },
    })
    server.get(paths.connection, { schema: contract.getConnection }, async (request, reply) => {
      const report: ConnectionReport = { stop, title, ...(database?.report() ?? none()), hidden: false }
      const shown = server.showsDetails(request) ? withSources(report) : withoutNames(report, memberName)
      return reply.header('cache-control', 'no-store').send(shown)
    })
  }

/** A stop without a database. */
const none = () => ({
  at: new Date().toISOString(),
  state: 'ok' as const,
  reason: null,
  database: null,
  servers: [],
  steps: [],
  live: null,
})

/**
 * The report as anybody may see it: which step stands how, and what to do, but no address, name or user of a network
 * that is not the asker's.
 */
const withoutNames = (
  report: ConnectionReport,
  memberName: (address: string) => string,
): ConnectionReport => {
  const anonymous = (address: string | null) => (address === null ? null : `member ${memberName(address)}`)
  const { live } = report
  return {
    ...report,
    hidden: true,
    reason: report.reason === null ? null : hiddenReason,
    servers: report.servers.map(({ steps }, index) => ({
      server: `server ${index + 1}`,
      steps: steps.map(withoutFinding),
    })),
    steps: report.steps.map(withoutFinding),
    live: live && {
      ...live,
      members: live.members.map((member) => ({
        ...member,
        address: `member ${memberName(member.address)}`,
        dataCenter: null,
        rack: null,
      })),
      statements: live.statements.map((statement) => ({ ...statement, member: anonymous(statement.member) })),
      events: live.events.map((event) => ({ ...event, member: anonymous(event.member), reason: null })),
    },
  }
}

const withoutFinding = (step: Step): Step => {
  const faults = step.faults.map(({ origin }) => ({
    // A variable may be named; a server or a table, which a fault may come from too, may not.
    origin: /^[A-Z_]+$/.test(origin) ? origin : 'the database',
    problem: `the step "${step.step}" has a fault`,
    remedy: 'The log, and this report asked for on the machine itself, say more.',
  }))
  if (step.step === 'name' || step.step === 'port' || step.step === 'schema')
    return { ...step, found: null, faults }
  if (step.step === 'certificate' && step.found) {
    return { ...step, faults, found: { ...step.found, subject: null, issuer: null, names: [] } }
  }
  if (step.step === 'login' && step.found) return { ...step, faults, found: { ...step.found, user: null } }
  return { ...step, faults }
}
