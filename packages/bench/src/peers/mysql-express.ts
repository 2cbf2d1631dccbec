// Express and a pool, as the documentation of both would have it.
import express from 'express'
import type { RowDataPacket } from 'mysql2'
import { sharedReads } from 'server/shared-reads'
import { openPool } from './mysql.ts'

const pool = openPool(process.env)
const words = pool.promise()
const app = express()
app.use(express.json())

const list = async () => {
  const [rows] = await words.execute<RowDataPacket[]>('SELECT word, definition FROM words')
  return rows
}
if (process.env.SHARE_READS === 'on') {
  const shared = sharedReads(async () => Buffer.from(JSON.stringify(await list())))
  app.get('/words', async (_, response) => void response.type('json').send(await shared()))
} else {
  app.get('/words', async (_, response) => void response.json(await list()))
}

const insert = (rows: readonly string[][]) => {
  const values = rows.map(() => '(?, ?)').join(', ')
  return words.execute(`INSERT INTO words (word, definition) VALUES ${values}`, rows.flat())
}
let add = (row: string[]): Promise<unknown> => insert([row])
if (process.env.SHARE_WRITES === 'on') {
  // Loaded only here: what the stop's file needs would count in the start and the memory of Express alone.
  const { sharedWrites } = await import('../../../../apps/example-mysql/src/shared-writes.ts')
  add = sharedWrites(insert, () => true)
}
app.put('/words', async ({ body }, response) => {
  await add([body.word, body.definition])
  response.status(204).end()
})

app.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1')
