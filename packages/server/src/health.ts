import { contract, type Health, paths } from 'contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'

/** What a database server says of itself, and how it is talked to. */
type ServerFacts = { name: string; version: string; tls: string | null; verified: boolean }

/** Whether the database can be used now, or what is being waited for; `server` is null until it first answered. */
export type Status =
  | { ready: true; server: ServerFacts }
  | { ready: false; reason: string; server: ServerFacts | null }

/** What a server needs of its database: whether it can be used, and a way to let go of it. */
export type Database = { status(): Status; close(): Promise<void> }

/** GET /livez (the process runs) and GET /readyz (it and its database can serve). */
export const health =
  (stop: string, title: string, database: Database | null): FastifyPluginAsyncZod =>
  async (server) => {
    const ok = (): Health => ({ status: 'ok', stop, title, database: database?.status().server ?? null })

    server.get(paths.livez, { schema: contract.getLiveness }, async (_, reply) => reply.send(ok()))

    server.get(paths.readyz, { schema: contract.getReadiness }, async (_, reply) => {
      const status = database?.status()
      const reason = server.isStopping()
        ? 'this process is stopping'
        : status?.ready === false
          ? status.reason
          : undefined
      if (reason === undefined) return reply.send(ok())
      return reply
        .code(503)
        .header('retry-after', 1)
        .send({ ...ok(), status: 'waiting', reason })
    })
  }
