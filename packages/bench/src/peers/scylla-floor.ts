// node:http and the driver, nothing between: one prepared statement a request.
import { createServer, type ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { types } from 'cassandra-driver'
import { jsonOf } from './body.ts'
import { openClient } from './scylla.ts'
import { streamRows } from './stream-rows.ts'

const client = await openClient(process.env)

createServer(async (request, response) => {
  try {
    if (request.method === 'PUT') await add(await jsonOf(request), response)
    else if (request.url === '/words/streamed') await streamRows(stream(), response)
    else if (request.url?.startsWith('/words')) await list(response)
    else response.writeHead(404).end()
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
}).listen(Number(process.env.PORT), process.env.HOST)

const list = async (response: ServerResponse) => {
  const { rows } = await client.execute('SELECT word, definition FROM words')
  const body = Buffer.from(JSON.stringify(rows))
  response
    .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
    .end(body)
}

// The declared type is an EventEmitter; it is a stream.
const stream = () =>
  client.stream('SELECT word, definition FROM words', [], {
    prepare: true,
    autoPage: true,
  }) as unknown as Readable

const add = async ({ word, definition }: { word: string; definition: string }, response: ServerResponse) => {
  const id = types.Uuid.random()
  await client.execute('INSERT INTO words (id, word, definition) VALUES (?, ?, ?)', [id, word, definition])
  response.writeHead(204).end()
}
