import { paths } from 'contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Unavailable } from './errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request failed, for its line in the log. */
    failure: Error | undefined
    /** Whether the request was read whole, found right and given to its handler. */
    isHandled: boolean
  }
  interface FastifyInstance {
    /** Whether the server takes no more work and waits for what it has. */
    isStopping(): boolean
    /** Whether an answer has begun on this connection and has not ended. */
    isAnswering(socket: unknown): boolean
  }
}

/**
 * Follows every request to its end: one line in the log, and on close() those in flight are waited for, as long as
 * `waits.drainMs`; then they are cut. Meanwhile /readyz and /livez go on answering, and everything else is told 503.
 */
export const followRequests = (server: FastifyInstance) => {
  const { drainMs } = server.waits
  const inFlight = new Set<FastifyReply>()
  let stopping = false
  let drained = () => {}

  server.decorateRequest('failure', undefined)
  server.decorateRequest('isHandled', false)
  server.decorate('isStopping', () => stopping)
  server.decorate('isAnswering', (socket) =>
    [...inFlight].some((reply) => reply.request.raw.socket === socket && reply.raw.headersSent),
  )
  const working = () => [...inFlight].filter((reply) => !isProbe(reply))

  server.addHook('onRequest', (_, reply, done) => {
    const start = performance.now()
    inFlight.add(reply)
    reply.raw.once('close', () => {
      inFlight.delete(reply)
      logEnd(reply, performance.now() - start)
      if (working().length === 0) drained()
    })
    done(
      stopping && !isProbe(reply) ? new Unavailable('This process is stopping', { sent: false }) : undefined,
    )
  })

  server.addHook('preHandler', (request, _, done) => {
    request.isHandled = true
    done()
  })

  server.addHook('preClose', async () => {
    stopping = true
    if (working().length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    drained = resolve
    const deadline = setTimeout(() => {
      for (const reply of working()) {
        reply.request.failure ??= new Error(`cut ${drainMs} ms after this process was told to stop`)
        reply.raw.destroy()
      }
    }, drainMs)
    await promise
    clearTimeout(deadline)
  })
}

const isProbe = ({ request }: FastifyReply): boolean =>
  request.routeOptions.url === paths.livez || request.routeOptions.url === paths.readyz

const logEnd = (reply: FastifyReply, ms: number) => {
  const { request, raw } = reply
  const { method, url, failure } = request
  const line = { method, url, status: raw.statusCode, ms: Math.round(ms * 10) / 10, ...reasonOf(failure) }
  if (!raw.writableFinished) {
    if (failure) request.log.warn(line, 'answer cut')
    else request.log.info(line, 'client left')
  } else if (raw.statusCode === 503 && failure) request.log.warn(line, 'request not served')
  else if (raw.statusCode >= 500 && failure) request.log.error(line, 'request failed')
  else request.log[isProbe(reply) ? 'debug' : 'info'](line, 'request completed')
}

/** Where an Unavailable was made says nothing about its cause; where the cause was made does. */
const reasonOf = (failure: Error | undefined) =>
  failure instanceof Unavailable
    ? { reason: failure.message, ...(failure.cause !== undefined && { err: failure.cause }) }
    : failure && { err: failure }
