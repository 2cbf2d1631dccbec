import { createServer, main, run, startsWorkers } from 'server'
import { readConfig } from './config.ts'
import { connect } from './connection.ts'
import { refusal } from './errors.ts'
import { forgetOldKeys } from './once.ts'
import { words } from './words.ts'

await main(async (log) => {
  const config = readConfig(process.env)
  if (startsWorkers(config, log)) return
  const database = connect(config, log)
  const server = await createServer({
    stop: 'example-mysql',
    title: 'MySQL',
    database,
    explain: refusal(config),
    log,
    details: config.CONNECTION_DETAILS,
    sharesReads: config.SHARE_READS,
  })
  await server.register(words(database, { sharesWrites: config.SHARE_WRITES }))
  await server.register(forgetOldKeys(database))
  await run(server, config)
})
