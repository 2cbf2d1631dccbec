import type { FastifyInstance } from 'fastify'
import { Refused } from './errors.ts'
import { sendProblem } from './problems.ts'

/**
 * Answers what has no route: 405 with Allow where the path exists under another method (RFC 9110 section 15.5.6),
 * 204 with Allow for OPTIONS, else 404. Fastify by itself says 404 to all of them. To be called before any route
 * is made.
 */
export const answerUnknownRoutes = (server: FastifyInstance) => {
  const methodsOf = new Map<string, Set<string>>()

  server.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set(['OPTIONS'])
    for (const name of [method].flat()) methods.add(name)
    methodsOf.set(url, methods)
  })

  // Before the body is read: a body for nobody need be neither right nor waited for.
  server.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done()
    const path = request.url.split('?', 1)[0] ?? ''
    const methods = methodsOf.get(path)
    if (methods === undefined) {
      sendProblem(request, reply, new Refused(404, 'There is nothing at this address'))
      return
    }
    const allow = [...methods].sort().join(', ')
    reply.header('allow', allow)
    if (request.method === 'OPTIONS') reply.code(204).send()
    else sendProblem(request, reply, new Refused(405, `${path} takes ${allow}, not ${request.method}`))
  })
  // The hooks above run only for a handler that is set here.
  server.setNotFoundHandler((_, reply) => reply.code(404).send())
}
