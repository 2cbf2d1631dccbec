import { randomUUID } from 'node:crypto'
import { limits, paths } from 'contract'
import Fastify, { type FastifyBaseLogger, type FastifyReply, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { pageDirectory } from 'frontend'
import { readBodies } from './bodies.ts'
import { connectionReport } from './connection-report.ts'
import { answerInTime } from './deadline.ts'
import { documentContract } from './documentation.ts'
import { Unavailable } from './errors.ts'
import { type Database, health } from './health.ts'
import { type Details, detailsFor } from './local-requests.ts'
import type { Logger } from './logger.ts'
import { memberNames } from './member-names.ts'
import { createMetrics } from './metrics.ts'
import { servePage } from './page.ts'
import { answerParserError } from './parser-errors.ts'
import { answerProblems, sendProblem } from './problems.ts'
import { followRequests } from './requests.ts'
import { securityHeaders, setSecurityHeaders } from './security-headers.ts'
import { answerUnknownRoutes } from './unknown-routes.ts'
import { validatorCompiler } from './validation.ts'
import { defaultWaits, type Waits } from './waits.ts'
import { giveWordIds } from './word-id.ts'

type Options = {
  /** The name of the stop, such as `example-mysql`. */
  stop: string
  /** What its page calls it, such as `MySQL`. */
  title: string
  /** Its database; null where there is none. The server closes it when it is closed itself. */
  database: Database | null
  /** Turns an error of the driver into Unavailable, NotStorable or itself. */
  explain?: (error: unknown) => Error
  log: Logger
  /** Who may see addresses and the user, at /connection and in the reasons of a 503; `local` unless given. */
  details?: Details
  /** The directory of the built page, when it is not the one of this repository. */
  page?: string
  /** Whether lists that are asked for at the same time share a query; true unless given. */
  sharesReads?: boolean
  /** Shorter waits, for tests. */
  waits?: Partial<Waits>
}

/** Everything a stop does over HTTP but its words: problems, bodies, health, the page, documentation, the log. */
export const createServer = async ({
  stop,
  title,
  database,
  explain = asIs,
  log,
  details = 'local',
  page = pageDirectory,
  sharesReads = true,
  waits,
}: Options) => {
  const waiting = { ...defaultWaits, ...waits }
  const server = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // requests.ts writes one line for each
    genReqId: requestIds(),
    bodyLimit: limits.bodyBytes,
    connectionTimeout: waiting.readerMs,
    requestTimeout: 10_000,
    // Node.js takes each for the other where headersTimeout is the longer one, and by default that is a minute.
    http: { connectionsCheckingInterval: 1_000, headersTimeout: 10_000 },
    // By the time Fastify closes connections, followRequests has waited for all that were in use. Its default waits
    // over a minute for one that goes idle meanwhile (https://github.com/fastify/fastify/issues/7044).
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: answerParserError,
    // A URL that cannot be decoded, for which no hook is called.
    frameworkErrors: (error, request, reply: FastifyReply) => {
      server.follow(reply)
      sendProblem(request, reply.headers(securityHeaders), error)
    },
  }).withTypeProvider<ZodTypeProvider>()
  // One logger for all: one of its own for every request, which only adds the id to its line, takes 5 µs to make.
  server.setChildLoggerFactory((logger) => logger)
  server.decorate('waits', waiting)
  server.decorate('sharesReads', sharesReads)
  server.decorate('showsDetails', detailsFor(details))
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)

  const memberName = memberNames(details, log)
  const metrics = createMetrics(database, memberName)

  setSecurityHeaders(server)
  answerInTime(server, followRequests(server, metrics.requestEnded))
  answerProblems(server, explain)
  answerUnknownRoutes(server)
  readBodies(server)
  giveWordIds(server)
  await documentContract(server, title)
  await server.register(health(stop, title, database))
  await server.register(connectionReport(stop, title, database, memberName))
  await server.register(metrics.route)
  await servePage(server, page)

  server.addHook('preHandler', (request, _, done) => {
    const status = request.route === paths.words ? database?.status() : undefined
    done(status?.ready === false ? new Unavailable(status.reason, { sent: false }) : undefined)
  })
  server.addHook('onClose', async () => database?.close())
  return server
}

const asIs = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** Ids that no other process gives. A UUID for each request would take ten times as long to make. */
const requestIds = () => {
  const processId = randomUUID()
  let count = 0
  return () => `${processId}-${++count}`
}
