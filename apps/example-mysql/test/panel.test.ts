import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { testPanel } from 'conformance'
import { lease, serveBreaking } from 'local-databases'

const directory = await mkdtemp(join(tmpdir(), 'grand-tour-panel-'))
const database = await lease('mysql', { directory })
const breaking = await serveBreaking(database)
afterAll(async () => {
  await breaking.close()
  // An orderly end takes seconds, and nobody will read this folder again.
  await Promise.allSettled(database.members.map((_, index) => database.control(index, 'kill')))
  await database.release()
  await rm(directory, { recursive: true })
})

testPanel({
  name: 'the MySQL stop',
  app: 'example-mysql',
  env: breaking.env,
  members: 1,
  reason: /nothing listens on|closed the connection/,
})
