import { createServer, main, run } from 'server'
import { readConfig } from './config.ts'
import { words } from './words.ts'

await main(async (log) => {
  const config = readConfig(process.env)
  const server = await createServer({ stop: 'example', title: 'No database', database: null, log })
  await server.register(words([]))
  await run(server, config)
})
