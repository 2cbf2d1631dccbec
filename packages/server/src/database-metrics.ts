import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Database } from './health.ts'
import { durationBuckets, prefix } from './metric-conventions.ts'

/**
 * The metrics of the connection to the database.
 *
 * @returns sets them to what they are now; to be called before they are read
 */
export const databaseMetrics = (
  registry: Registry,
  database: Database,
  memberName: (address: string) => string,
): (() => void) => {
  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `${prefix}database_${name}`, help, labelNames, registers })

  const up = gauge('up', 'Whether the database can be used now: 1 or 0.')
  const inFlight = gauge('statements_in_flight', 'Statements that have not been answered yet.')
  const members = {
    up: gauge('member_up', 'Whether the driver can use the member: 1 or 0.', ['member']),
    connections: gauge('member_connections', 'Open connections to the member.', ['member']),
    inFlight: gauge('member_requests_in_flight', 'Requests that the member has not answered yet.', [
      'member',
    ]),
  }
  const reconnects = new Counter({
    name: `${prefix}database_reconnects_total`,
    help: 'How often the connection was lost and made again.',
    registers,
  })
  const statements = new Histogram({
    name: `${prefix}database_statement_duration_seconds`,
    help: 'Time until a statement was answered or failed. A member of "none": no member answered.',
    labelNames: ['kind', 'member', 'outcome'],
    buckets: durationBuckets,
    registers,
  })
  database.activity.onStatement(({ kind, member, ms, failed }) => {
    const labels = {
      kind,
      member: member === null ? 'none' : memberName(member),
      outcome: failed ? 'failed' : 'ok',
    }
    statements.observe(labels, ms / 1000)
  })
  // Made when there is a pool: the CQL driver has none.
  const poolGauges = () => ({
    connections: gauge('pool_connections', 'Open connections of the pool.', ['state']),
    limit: gauge('pool_connections_max', 'Connections that the pool may open.'),
    waiting: gauge('pool_waiting', 'Requests that wait for a connection of the pool.'),
    waitingLimit: gauge('pool_waiting_max', 'Requests that may wait for a connection of the pool.'),
  })
  let pools: ReturnType<typeof poolGauges> | undefined

  return () => {
    const { live } = database.report()
    up.set(database.status().ready ? 1 : 0)
    // The first connection is none that was made again.
    reconnects.reset()
    reconnects.inc(Math.max(0, database.activity.connects() - 1))
    if (live === null) return
    inFlight.set(live.inFlight)
    for (const values of Object.values(members)) values.reset() // a member may have gone
    // Those that are called "other" have one value: whether all of them are up, and the sums of the rest.
    const down = new Set<string>()
    for (const member of live.members) {
      const labels = { member: memberName(member.address) }
      if (!member.up) down.add(labels.member)
      members.up.set(labels, down.has(labels.member) ? 0 : 1)
      if (member.connections !== null) members.connections.inc(labels, member.connections)
      if (member.inFlight !== null) members.inFlight.inc(labels, member.inFlight)
    }
    if (live.pool === null) return
    pools ??= poolGauges()
    pools.connections.set({ state: 'in_use' }, live.pool.inUse)
    pools.connections.set({ state: 'idle' }, live.pool.idle)
    pools.limit.set(live.pool.limit)
    pools.waiting.set(live.pool.waiting)
    pools.waitingLimit.set(live.pool.queueLimit)
  }
}
