import { createServer, main, run } from 'server'
import { readConfig } from './config.ts'
import { connect } from './connection.ts'
import { refusal } from './errors.ts'
import { words } from './words.ts'

await main(async (log) => {
  const config = readConfig(process.env)
  const database = connect(config, log)
  const server = await createServer({
    stop: 'example-mysql',
    title: 'MySQL',
    database,
    explain: refusal(config),
    log,
  })
  await server.register(words(database))
  await run(server, config)
})
