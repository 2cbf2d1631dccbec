import { createServer, main, refuseWorkers, run } from 'server'
import { readConfig } from './config.ts'
import { words } from './words.ts'

await main(async (log) => {
  const config = readConfig(process.env)
  refuseWorkers(config, 'every process would have words of its own')
  const server = await createServer({
    stop: 'example',
    title: 'No database',
    database: null,
    log,
    details: config.CONNECTION_DETAILS,
    sharesReads: config.SHARE_READS,
  })
  await server.register(words([]))
  await run(server, config)
})
