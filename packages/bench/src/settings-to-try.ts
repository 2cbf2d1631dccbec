import { type Client, type ClientOptions, policies, types } from 'cassandra-driver'
import type { PoolOptions } from 'mysql2'
import { PatientRetry } from './patient-retry.ts'
import { openPool } from './peers/mysql.ts'
import { openClient } from './peers/scylla.ts'

/** One way to set a driver, and a query that shows what it costs. */
export type Setting = { name: string; query: () => Promise<unknown> }

/** Settings of which one has to be chosen. */
export type Group = { title: string; settings: Setting[]; queries: number; inFlight: number }

type Groups = { groups: Group[]; close: () => Promise<unknown> }

/** The stop's own statement, with a hundred rows. */
const PAGE = 'SELECT id, word, definition FROM words WHERE id > CAST(? AS UNSIGNED) ORDER BY id LIMIT ?'

/** What mysql2 leaves to its user. */
export const mysqlGroups = async (env: NodeJS.Dict<string>): Promise<Groups> => {
  const pools: ReturnType<typeof open>[] = []
  const open = (others: PoolOptions) => openPool(env, { maxIdle: 100, ...others }).promise()
  const pool = (others: PoolOptions) => {
    const opened = open(others)
    pools.push(opened)
    return opened
  }
  const ten = pool({ connectionLimit: 10 })
  const sized = (connectionLimit: number): Setting => {
    const opened = connectionLimit === 10 ? ten : pool({ connectionLimit })
    return { name: `${connectionLimit} connections`, query: () => opened.execute(PAGE, ['0', '100']) }
  }
  return {
    groups: [
      {
        title: 'mysql2: pool, 32 queries in flight',
        settings: [5, 10, 20].map(sized),
        queries: 1500,
        inFlight: 32,
      },
      {
        title: 'mysql2: protocol',
        settings: [
          { name: 'prepared (`execute`)', query: () => ten.execute(PAGE, ['0', '100']) },
          { name: 'text (`query`)', query: () => ten.query(PAGE, ['0', 100]) },
        ],
        queries: 1500,
        inFlight: 32,
      },
    ],
    close: () => Promise.all(pools.map((each) => each.end())),
  }
}

/** What cassandra-driver leaves to its user. */
export const scyllaGroups = async (env: NodeJS.Dict<string>): Promise<Groups> => {
  const clients: Client[] = []
  const open = async (others: Partial<ClientOptions> = {}) => {
    const client = await openClient(env, {
      ...others,
      policies: { retry: new PatientRetry(), ...others.policies },
      queryOptions: { isIdempotent: true },
    })
    clients.push(client)
    return client
  }
  const one = await open()
  const two = await open({ pooling: { coreConnectionsPerHost: { [types.distance.local]: 2 } } })
  const { DCAwareRoundRobinPolicy, TokenAwarePolicy } = policies.loadBalancing
  const tokens = await open({
    policies: { loadBalancing: new TokenAwarePolicy(new DCAwareRoundRobinPolicy('datacenter1')) },
  })
  const turns = await open({ policies: { loadBalancing: new DCAwareRoundRobinPolicy('datacenter1') } })

  const page = 'SELECT id, word, definition FROM words LIMIT 100'
  const all = 'SELECT id, word, definition FROM words'
  const { rows } = await one.execute(`${all} LIMIT 500`)
  let n = 0
  const byKey = (client: Client) => () =>
    client.execute(`${all} WHERE id = ?`, [rows[n++ % rows.length]?.get('id')])
  return {
    groups: [
      {
        title: 'cassandra-driver: statement of 100 rows',
        settings: [
          { name: '`prepare: true`', query: () => one.execute(page) },
          { name: '`prepare: false`', query: () => one.execute(page, [], { prepare: false }) },
        ],
        queries: 400,
        inFlight: 8,
      },
      {
        title: 'cassandra-driver: connections per member, 100 rows',
        settings: [
          { name: '1 connection', query: () => one.execute(page) },
          { name: '2 connections', query: () => two.execute(page) },
        ],
        queries: 400,
        inFlight: 8,
      },
      {
        title: 'cassandra-driver: `fetchSize`, 5,000 rows',
        settings: [500, 2000, 5000].map((fetchSize) => ({
          name: String(fetchSize),
          query: async () => {
            for await (const _ of await one.execute(all, [], { fetchSize }));
          },
        })),
        queries: 12,
        inFlight: 2,
      },
      {
        title: 'cassandra-driver: member that is asked, one row by its key',
        settings: [
          { name: 'one that has the row (`TokenAwarePolicy`)', query: byKey(tokens) },
          { name: 'the next one (`DCAwareRoundRobinPolicy`)', query: byKey(turns) },
        ],
        queries: 1500,
        inFlight: 32,
      },
    ],
    close: () => Promise.all(clients.map((client) => client.shutdown())),
  }
}
