import { afterAll } from '@jest/globals'
import { types } from 'cassandra-driver'
import { type StopUnderTest, testMinimal, testPage, testStop } from 'conformance'
import { freshCluster, rowsOf } from './database.ts'
import { testMembers } from './members.ts'
import { testOriginal } from './original.ts'

const cluster = await freshCluster()
const { env, admin, release } = cluster
const add = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?)'

const stop: StopUnderTest = {
  name: 'the ScyllaDB stop',
  app: 'example-scylla',
  env,
  emptyTable: async () => void (await rowsOf(admin, 'TRUNCATE grand_tour.words')),
  fill: async (words) => {
    const rest = words.values()
    const addTheRest = async () => {
      for (const { word, definition } of rest)
        await admin.execute(add, [types.Uuid.random(), word, definition])
    }
    await Promise.all(Array.from({ length: 64 }, addTheRest))
  },
}
testStop(stop)
testPage(stop)
testMinimal('example-scylla', 'cassandra-driver', env)
testMembers(cluster)
testOriginal(cluster)
afterAll(release)
