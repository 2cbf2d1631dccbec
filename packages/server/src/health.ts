import type { Activity, ConnectionStatus, Report } from 'connection'
import { contract, type Health, paths } from 'contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { hiddenReason } from './local-requests.ts'

export type Status = ConnectionStatus

/** What a server needs of its database: whether it can be used, how it stands, and a way to let go of it. */
export type Database = {
  status(): Status
  report(): Report
  activity: Pick<Activity, 'onStatement' | 'connects'>
  close(): Promise<void>
}

/** GET /livez (the process runs) and GET /readyz (it and its database can serve). */
export const health =
  (stop: string, title: string, database: Database | null): FastifyPluginAsyncZod =>
  async (server) => {
    const ok = (): Health => ({ status: 'ok', stop, title, database: database?.status().server ?? null })

    server.get(paths.livez, { schema: contract.getLiveness }, async (_, reply) => reply.send(ok()))

    server.get(paths.readyz, { schema: contract.getReadiness }, async (request, reply) => {
      const status = database?.status()
      const reason = server.isStopping()
        ? 'this process is stopping'
        : status?.ready === false
          ? server.showsDetails(request)
            ? status.reason
            : hiddenReason
          : undefined
      if (reason === undefined) return reply.send(ok())
      return reply
        .code(503)
        .header('retry-after', 1)
        .send({ ...ok(), status: 'waiting', reason })
    })
  }
