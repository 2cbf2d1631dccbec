import { afterAll } from '@jest/globals'
import { types } from 'cassandra-driver'
import { type StopUnderTest, testBreaking, testMinimal, testPage, testPanel, testStop } from 'conformance'
import { serveBreaking } from 'local-databases'
import { freshCluster, rowsOf } from './database.ts'
import { testDisturbances } from './disturbances.ts'
import { testNetwork } from './faults.ts'
import { testMembers } from './members.ts'
import { testOnce } from './once.ts'
import { testOriginal } from './original.ts'

const cluster = await freshCluster()
const breaking = await serveBreaking(cluster)
const { env, admin, release } = cluster
const add = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?)'

const stop: StopUnderTest = {
  name: 'the ScyllaDB stop',
  app: 'example-scylla',
  env,
  emptyTable: async () => void (await rowsOf(admin, 'TRUNCATE grand_tour.words')),
  fill: async (words) => {
    const queries = words.map(({ word, definition }) => ({
      query: add,
      params: [types.Uuid.random(), word, definition],
    }))
    // Eight to a request, for half of the work that the members have with a request for each.
    const rest = Array.from({ length: Math.ceil(queries.length / 8) }, (_, n) =>
      queries.slice(8 * n, 8 * n + 8),
    ).values()
    const addTheRest = async () => {
      for (const batch of rest) await admin.batch(batch, { prepare: true, logged: false, isIdempotent: true })
    }
    await Promise.all(Array.from({ length: 8 }, addTheRest))
  },
  connectionsInUse: async ({ client }) => {
    const { live } = await client.connection()
    if (!live?.members.length) throw new Error('the stop tells of no members')
    return live.members.reduce((sum, { inFlight }) => sum + (inFlight ?? 0), 0)
  },
}
testStop(stop)
testPage(stop)
testMinimal('example-scylla', 'cassandra-driver', env)
testMembers(cluster)
testNetwork(cluster)
testDisturbances(cluster)
testOnce(cluster)
testOriginal(cluster)
testPanel({
  name: 'the CQL stop',
  app: 'example-scylla',
  env: breaking.env,
  members: 3,
  reason: /LOCAL_QUORUM needs/,
})
testBreaking('example-scylla', cluster)
afterAll(async () => {
  await breaking.close()
  await release()
})
