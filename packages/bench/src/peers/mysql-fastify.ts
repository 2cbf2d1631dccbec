// Fastify with its own log, and a pool, as the documentation of both would have it.
import Fastify from 'fastify'
import type { RowDataPacket } from 'mysql2'
import { openPool } from './mysql.ts'

type Word = { word: string; definition: string }

const words = openPool(process.env).promise()
const app = Fastify({ logger: true })

app.get('/words', async () => {
  const [rows] = await words.execute<RowDataPacket[]>('SELECT word, definition FROM words')
  return rows
})

app.put<{ Body: Word }>('/words', async ({ body: { word, definition } }, reply) => {
  await words.execute('INSERT INTO words (word, definition) VALUES (?, ?)', [word, definition])
  return reply.code(204).send()
})

await app.listen({ port: Number(process.env.PORT), host: process.env.HOST ?? '127.0.0.1' })
