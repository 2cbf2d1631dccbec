// As little of a stop as spawnStop needs, and an answer about the process that it runs in.
import { createServer } from 'node:http'

const becomesReady = process.env.READY !== 'never'
const server = createServer((request, response) => {
  if (request.url === '/readyz') response.writeHead(becomesReady ? 200 : 503).end()
  else response.end(JSON.stringify(process.env))
})
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log(JSON.stringify({ msg: `Server listening at http://127.0.0.1:${server.address().port}` }))
})
process.on('SIGTERM', () => {
  if (process.env.SIGTERM === 'ignored') return
  console.error('closing')
  server.closeAllConnections()
  server.close(() => process.exit(7))
})
