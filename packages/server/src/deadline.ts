import type { FastifyInstance, FastifyReply } from 'fastify'
import { Refused, Unavailable } from './errors.ts'

/**
 * Tells every request that got no answer in `waits.answerMs` so: 503, or 408 where it did not even arrive whole.
 *
 * Fastify's own handlerTimeout (5.12) is switched off by the end of a request's body, so that it works for GET alone:
 * https://github.com/fastify/fastify/pull/6725
 */
export const answerInTime = (server: FastifyInstance) => {
  const { answerMs } = server.waits
  server.addHook('onRequest', (request, reply, done) => {
    const timer = setTimeout(() => {
      if (reply.sent || reply.raw.headersSent) return
      const seconds = `within ${answerMs / 1000} s`
      reply.send(
        request.isHandled
          ? new Unavailable(`The database did not answer ${seconds}`)
          : new Refused(408, `The request did not arrive whole ${seconds}`),
      )
      ignoreLateAnswer(reply)
    }, answerMs)
    reply.raw.once('close', () => clearTimeout(timer))
    done()
  })
}

/** The handler still runs; what it says at last has nowhere to go, and Fastify would log it as a mistake. */
const ignoreLateAnswer = (reply: FastifyReply) =>
  Object.assign(reply, { code: () => reply, send: () => reply })
