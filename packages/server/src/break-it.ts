/**
 * For development, preloaded (`node --import server/break-it src/main.ts`) and never imported: lets the stop's own page
 * and a terminal on this machine break the database, where the variable BREAK_IT_SOCKET says that it is one that may be.
 * What can be broken, and how, is up to the process behind that socket: packages/local-databases, serve-breaking.ts.
 */
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type IncomingMessage, request as requestOf, STATUS_CODES } from 'node:http'
import { text } from 'node:stream/consumers'
import { paths, problemMediaType } from 'contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Refused } from './errors.ts'
import { isLocal } from './local-requests.ts'

const socketPath = process.env.BREAK_IT_SOCKET
// https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks: so main.ts has nothing of this.
if (socketPath)
  subscribe('fastify.initialization', (message) =>
    breakIt((message as { fastify: FastifyInstance }).fastify, socketPath),
  )

/** GET and DELETE /break, POST and DELETE /break/:id, handed on; and /connection says that they are there. */
const breakIt = (server: FastifyInstance, socketPath: string) => {
  server.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      if (!isLocal(request))
        throw new Refused(403, 'Only this machine and its own page may break the database')
    })
    const handler = (request: FastifyRequest, reply: FastifyReply) => handOn(request, reply, socketPath)
    scope.route({ method: ['GET', 'DELETE'], url: '/break', exposeHeadRoute: false, handler })
    scope.route({ method: ['POST', 'DELETE'], url: '/break/:id', handler })
  })
  server.addHook('preSerialization', async (request, _, payload) =>
    request.route === paths.connection ? { ...(payload as object), canBreak: isLocal(request) } : payload,
  )
}

/** Hijacked: what the database needs to start again is more than the time in which every other request is answered. */
const handOn = async (
  { method, url, id, raw: { socket } }: FastifyRequest,
  reply: FastifyReply,
  socketPath: string,
) => {
  reply.hijack()
  socket.setTimeout(0)
  const headers = reply.getHeaders() as Record<string, string>
  const { status, body } = await ask(socketPath, method, url).catch((error: Error) => ({
    status: 503,
    body: { detail: `The process that holds the database does not answer (${error.message})` },
  }))
  if (status === 204) return void reply.raw.writeHead(status, headers).end()
  if (status === 200)
    return void reply.raw
      .writeHead(status, { ...headers, 'content-type': 'application/json' })
      .end(JSON.stringify(body))
  const problem = {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    instance: id,
    ...body,
  }
  reply.raw.writeHead(status, { ...headers, 'content-type': problemMediaType }).end(JSON.stringify(problem))
}

const ask = async (socketPath: string, method: string, path: string) => {
  const request = requestOf({ socketPath, method, path, agent: false }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  return { status: response.statusCode ?? 500, body: body && JSON.parse(body) }
}
