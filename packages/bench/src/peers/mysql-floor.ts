// node:http and the driver, nothing between: one prepared statement a request.
import { createServer, type ServerResponse } from 'node:http'
import { jsonOf } from './body.ts'
import { openPool } from './mysql.ts'
import { streamRows } from './stream-rows.ts'

const pool = openPool(process.env)
const words = pool.promise()

createServer(async (request, response) => {
  try {
    if (request.method === 'PUT') await add(await jsonOf(request), response)
    else if (request.url === '/words/streamed') await stream(response)
    else if (request.url?.startsWith('/words')) await list(response)
    else response.writeHead(404).end()
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
}).listen(Number(process.env.PORT), process.env.HOST)

const list = async (response: ServerResponse) => {
  const [rows] = await words.execute('SELECT word, definition FROM words')
  const body = Buffer.from(JSON.stringify(rows))
  response
    .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
    .end(body)
}

const stream = (response: ServerResponse) =>
  new Promise<void>((resolve, reject) =>
    pool.getConnection((refused, connection) => {
      if (refused) return reject(refused)
      const rows = connection.execute('SELECT word, definition FROM words').stream()
      streamRows(rows, response)
        .then(() => connection.release())
        // Rows may still be on their way.
        .catch((error) => {
          connection.destroy()
          throw error
        })
        .then(resolve, reject)
    }),
  )

const add = async (body: { word: string; definition: string }, response: ServerResponse) => {
  await words.execute('INSERT INTO words (word, definition) VALUES (?, ?)', [body.word, body.definition])
  response.writeHead(204).end()
}
