import type { Socket } from 'node:net'
import { paths } from 'contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Unavailable } from './errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When it came, on the clock of `performance`. */
    startedAt: number
    /** Why the request failed, for its line in the log. */
    failure: Error | undefined
    /** Whether the request was read whole, found right and given to its handler. */
    isHandled: boolean
    /** The path of its route; undefined where there is none. Fastify's `routeOptions` makes an object whenever it is read. */
    route: string | undefined
  }
  interface FastifyInstance {
    /** Whether the server takes no more work and waits for what it has. */
    isStopping(): boolean
    /** Follows a request that Fastify calls no hooks for. */
    follow(reply: FastifyReply): void
    /** Whether the answer to a request on this connection has begun, or is due as all of it was read, and has not ended. */
    isAnswering(socket: unknown): boolean
  }
}

/**
 * Follows every request to its end: one line in the log, and on close() those in flight are waited for, as long as
 * `waits.drainMs`; then they are cut. Meanwhile what looks at the stop goes on answering, and everything else is told
 * 503.
 *
 * @param onEnd called with every request that has ended, however it did
 * @returns the requests that have not ended, in the order they came
 */
export const followRequests = (
  server: FastifyInstance,
  onEnd: (reply: FastifyReply, ms: number) => void,
): readonly FastifyReply[] => {
  const { drainMs } = server.waits
  /**
   * No Set: V8 links the table that a Set has outgrown to the next. One of them that got old keeps those after it, and
   * all requests that were in them, from being collected while they are young: a tenth of all memory that is taken.
   */
  const inFlight: FastifyReply[] = []
  let stopping = false
  let drained = () => {}

  server.decorateRequest('startedAt', 0)
  server.decorateRequest('failure', undefined)
  server.decorateRequest('isHandled', false)
  server.decorateRequest('route', undefined)
  server.decorate('isStopping', () => stopping)
  server.decorate('isAnswering', (socket) =>
    inFlight.some(
      ({ request, raw }) => request.raw.socket === socket && (raw.headersSent || request.raw.complete),
    ),
  )
  const working = () => inFlight.filter((reply) => !isProbe(reply))

  const ended = (reply: FastifyReply) => {
    const index = inFlight.indexOf(reply)
    if (index === -1) return
    inFlight.splice(index, 1)
    const ms = performance.now() - reply.request.startedAt
    logEnd(reply, ms)
    onEnd(reply, ms)
    if (stopping && working().length === 0) drained()
  }
  /**
   * Before Node.js 26, nobody says that a response has closed which waited behind another one on its connection: it would
   * be in flight for ever, with what is streamed to it, and the end of the process wait for it.
   */
  const followed = new WeakSet<Socket>()
  const followSocket = (socket: Socket) => {
    if (followed.has(socket)) return
    followed.add(socket)
    socket.once('close', () =>
      // A turn later: those that say so themselves have done it by then.
      setImmediate(() => {
        for (const reply of inFlight.filter(({ request }) => request.raw.socket === socket)) {
          ended(reply)
          reply.raw.destroy().emit('close')
        }
      }),
    )
  }

  const follow = (reply: FastifyReply) => {
    reply.request.startedAt = performance.now()
    reply.request.route = reply.request.routeOptions.url
    inFlight.push(reply)
    reply.raw.on('close', () => ended(reply))
    followSocket(reply.request.raw.socket)
  }
  server.decorate('follow', follow)

  server.addHook('onRequest', (_, reply, done) => {
    follow(reply)
    done(
      stopping && !isProbe(reply)
        ? new Unavailable('This process is stopping', { sent: false, isPublic: true })
        : undefined,
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
  return inFlight
}

/** Asked again and again, by what watches the stop. */
const isProbe = ({ request }: FastifyReply): boolean => probes.has(request.route)

const probes = new Set<string | undefined>([paths.livez, paths.readyz, paths.connection, paths.metrics])

/**
 * Characters of a URL that the log keeps, several times the longest of the contract: of 16 kB made for it, looking for
 * passwords (logger.ts) would take 12 ms a line.
 */
const loggedUrl = 500

const logEnd = (reply: FastifyReply, ms: number) => {
  const { request, raw } = reply
  const { id, method, url, failure } = request
  const line = {
    reqId: id,
    method,
    url: url.length > loggedUrl ? `${url.slice(0, loggedUrl)}…` : url,
    status: raw.statusCode,
    ms: Math.round(ms * 10) / 10,
    ...reasonOf(failure),
  }
  if (!raw.writableFinished) {
    if (failure) request.log.warn(line, 'answer cut')
    else request.log.info(line, 'client left')
  } else if ([501, 503].includes(raw.statusCode) && failure) request.log.warn(line, 'request not served')
  else if (raw.statusCode >= 500 && failure) request.log.error(line, 'request failed')
  else request.log[isProbe(reply) ? 'debug' : 'info'](line, 'request completed')
}

/** Where an Unavailable was made says nothing about its cause; where the cause was made does. */
const reasonOf = (failure: Error | undefined) =>
  failure instanceof Unavailable
    ? { reason: failure.message, ...(failure.cause !== undefined && { err: failure.cause }) }
    : failure && { err: failure }
