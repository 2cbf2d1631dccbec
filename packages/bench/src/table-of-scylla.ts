import { setTimeout as pause } from 'node:timers/promises'
import { type Client, types } from 'cassandra-driver'
import type { Lease } from 'local-databases'
import { PatientRetry } from './patient-retry.ts'
import { openClient } from './peers/scylla.ts'
import { numbers, rowOf } from './rows.ts'

const ADD = 'INSERT INTO words (id, word, definition) VALUES (?, ?, ?)'

/** See fillTable. In batches, because each of three members has every row: one message holds a hundred for all of them. */
export const fill = async (env: Lease['env'], count: number): Promise<void> => {
  const client = await open(env)
  try {
    if (await hasExactly(client, count)) return
    await patiently(() => client.execute('TRUNCATE words', [], { prepare: false, readTimeout: 60_000 }))
    let next = 0
    const write = async () => {
      while (next < count) {
        const first = next
        next += rowsPerBatch
        const rows = numbers(first, Math.min(count, next)).map((n) => {
          const { word, definition } = rowOf(n)
          return { query: ADD, params: [idOf(n), word, definition] }
        })
        await patiently(() => client.batch(rows, { prepare: true, logged: false, readTimeout: 20_000 }))
      }
    }
    await Promise.all(Array.from({ length: 6 }, write))
  } finally {
    await client.shutdown()
  }
}

/** All that is written here may be written twice. */
const open = (env: Lease['env']): Promise<Client> =>
  openClient(env, { policies: { retry: new PatientRetry() }, queryOptions: { isIdempotent: true } })

/** Some 12 kB: a batch of 50 kB is refused (batch_size_fail_threshold). */
const rowsPerBatch = 100

/** Again, when members that have just started take longer than they wait for each other; all that is written may be. */
const patiently = async (work: () => Promise<unknown>): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await work()
      return
    } catch (error) {
      if (attempt === 10) throw error
      await pause(200 * attempt)
    }
  }
}

/** Every word of the table. */
export async function* words(env: Lease['env']): AsyncGenerator<string> {
  const client = await open(env)
  try {
    for await (const { word } of stream(client, 'SELECT word FROM words')) yield String(word)
  } finally {
    await client.shutdown()
  }
}

/** Whether the table has `count` rows, among them the last. Counting a million takes longer than a member waits. */
const hasExactly = async (client: Client, count: number): Promise<boolean> => {
  const last = await client.execute('SELECT word FROM words WHERE id = ?', [idOf(count - 1)])
  if (last.rowLength === 0) return false
  let found = 0
  for await (const _ of stream(client, 'SELECT id FROM words')) if (++found > count) return false
  return found === count
}

// The declared type is an EventEmitter; it is a stream.
const stream = (client: Client, cql: string) =>
  client.stream(cql, [], { prepare: true, autoPage: true }) as unknown as AsyncIterable<types.Row>

/** The id of a row: version 4 in form, its number in its last twelve digits. */
const idOf = (n: number) => types.Uuid.fromString(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
