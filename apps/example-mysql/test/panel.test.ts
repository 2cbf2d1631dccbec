import { afterAll } from '@jest/globals'
import { testPanel } from 'conformance'
import { serveBreaking } from 'local-databases'
import { freshDatabase } from './database.ts'

const database = await freshDatabase()
const breaking = await serveBreaking(database)
afterAll(async () => {
  await breaking.close()
  await database.release()
})

testPanel({
  name: 'the MySQL stop',
  app: 'example-mysql',
  env: breaking.env,
  members: 1,
  reason: /nothing listens on|closed the connection/,
})
