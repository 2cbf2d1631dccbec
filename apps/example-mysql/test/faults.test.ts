import { afterAll } from '@jest/globals'
import { testFaults } from 'conformance'
import { faultProxy } from 'local-databases'
import { freshDatabase } from './database.ts'

const { admin, env, members, release } = await freshDatabase()
const [server] = members
if (server === undefined) throw new Error('there is no server')

testFaults('MySQL', {
  atOnce: 4,
  app: 'example-mysql',
  network: async () => {
    const proxy = await faultProxy(server)
    const url = env.COMPOSE_MYSQL_URL?.replace(`:${server.port}/`, `:${proxy.port}/`) ?? ''
    return {
      env: { ...env, COMPOSE_MYSQL_URL: url, COMPOSE_MYSQL_POOL_SIZE: '4' },
      proxies: [proxy],
      connections: 5,
    }
  },
  // Until a stop has made the table, there is nothing to be slow.
  ask: () =>
    admin.query('SELECT * FROM grand_tour.words').catch(({ code }) => {
      if (code !== 'ER_NO_SUCH_TABLE' && code !== 'ER_BAD_DB_ERROR') throw new Error(code)
    }),
})
afterAll(release)
