import { afterAll } from '@jest/globals'
import { testFaults } from 'conformance'
import { faultProxy } from 'local-databases'
import { freshDatabase } from './database.ts'

const { env, members, release } = await freshDatabase()
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
})
afterAll(release)
