// Express and a client, as the documentation of both would have it.
import { types } from 'cassandra-driver'
import express from 'express'
import { sharedReads } from 'server/shared-reads'
import { openClient } from './scylla.ts'

const client = await openClient(process.env)
const app = express()
app.use(express.json())

const list = async () => {
  const { rows } = await client.execute('SELECT word, definition FROM words')
  return rows
}
if (process.env.SHARE_READS === 'on') {
  const shared = sharedReads(async () => Buffer.from(JSON.stringify(await list())))
  app.get('/words', async (_, response) => void response.type('json').send(await shared()))
} else {
  app.get('/words', async (_, response) => void response.json(await list()))
}

app.put('/words', async ({ body }, response) => {
  const id = types.Uuid.random()
  const values = [id, body.word, body.definition]
  await client.execute('INSERT INTO words (id, word, definition) VALUES (?, ?, ?)', values)
  response.status(204).end()
})

app.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1')
