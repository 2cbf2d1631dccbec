import type { FastifyInstance, FastifyReply } from 'fastify'
import { Refused, Unavailable } from './errors.ts'

/**
 * Tells every request that got no answer in `waits.answerMs` so: 503, or 408 where it did not even arrive whole.
 *
 * Fastify's own handlerTimeout (5.12) is switched off by the end of a request's body, so that it works for GET alone:
 * https://github.com/fastify/fastify/pull/6725
 *
 * @param inFlight the requests that have not ended, in the order they came: one timer serves them all
 */
export const answerInTime = (server: FastifyInstance, inFlight: readonly FastifyReply[]) => {
  const { answerMs } = server.waits
  let timer: NodeJS.Timeout | undefined

  const answerLate = () => {
    timer = undefined
    for (const reply of [...inFlight]) {
      const leftMs = reply.request.startedAt + answerMs - performance.now()
      if (leftMs > 0) {
        timer = setTimeout(answerLate, leftMs)
        return
      }
      if (!reply.sent && !reply.raw.headersSent) tellLate(reply, answerMs)
    }
  }
  server.addHook('onRequest', (_, __, done) => {
    timer ??= setTimeout(answerLate, answerMs)
    done()
  })
  server.addHook('onClose', async () => clearTimeout(timer))
}

const tellLate = (reply: FastifyReply, answerMs: number) => {
  const { request } = reply
  const seconds = `within ${answerMs / 1000} s`
  if (!request.isHandled) reply.header('connection', 'close') // the rest of it is not the next request
  reply.send(
    request.isHandled
      ? new Unavailable(`The database did not answer ${seconds}`, { isPublic: true })
      : new Refused(408, `The request did not arrive whole ${seconds}`),
  )
  // The handler still runs; what it says or throws at last has nowhere to go, and Fastify would log it as a mistake.
  const log = {
    error: ({ err }: { err: unknown }) => request.log.debug({ err }, 'failed too late'),
  }
  Object.assign(reply, { code: () => reply, send: () => reply, log })
}
