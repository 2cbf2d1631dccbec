import cluster from 'node:cluster'
import { contract, paths } from 'contract'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { databaseMetrics } from './database-metrics.ts'
import type { Database } from './health.ts'
import { durationBuckets, prefix } from './metric-conventions.ts'

/**
 * Counts what the stop does, and GET /metrics to read it, in Prometheus's text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats).
 *
 * Names follow https://prometheus.io/docs/practices/naming. No label holds anything that a client sends, so that the
 * number of series stays what it is, however many odd requests come.
 *
 * They are this process's own. Where several share the port (workers.ts), a scrape gets those of one of them, whichever
 * it is, under the label "worker": series of their own, so that counters do not seem to go back. To have all of them at
 * every scrape, run processes on ports of their own, behind a balancer.
 *
 * @param memberName what a label calls a member of the database
 */
export const createMetrics = (database: Database | null, memberName: (address: string) => string) => {
  const registry = new Registry() // not the library's own: a process may have several servers, in tests
  if (cluster.worker) registry.setDefaultLabels({ worker: cluster.worker.id })
  // Default 10: woken every 10 ms, an idle stop takes four times the processor time. It is in every lag that is reported.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const requests = new Histogram({
    name: `${prefix}http_request_duration_seconds`,
    help: 'Time to the end of the answer. A status of "left": the client did not wait for it; "cut": it was broken off.',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [registry],
  })
  const readDatabase = database === null ? undefined : databaseMetrics(registry, database, memberName)

  return {
    /** To be called once for each request, when it has ended. Costs a microsecond. */
    requestEnded: (reply: FastifyReply, ms: number) => {
      const { route: url } = reply.request
      const route = url?.startsWith('/assets/') ? '/assets/*' : (url ?? 'none')
      const method = url === undefined ? 'other' : reply.request.method
      requests.observe({ method, route, status: statusOf(reply) }, ms / 1000)
    },
    route: (async (server) => {
      server.get(paths.metrics, { schema: contract.getMetrics }, async (_, reply) => {
        readDatabase?.()
        return reply.type(registry.contentType).send(await registry.metrics())
      })
    }) satisfies FastifyPluginAsyncZod,
  }
}

/** Gauges with the names of counters, and what `nodejs_active_resources` says as well. */
const misnamed = [
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
]

/** A status that was sent is not yet an answer that arrived. */
const statusOf = ({ raw, request }: FastifyReply): string => {
  if (raw.writableFinished) return String(raw.statusCode)
  return request.failure === undefined ? 'left' : 'cut'
}
