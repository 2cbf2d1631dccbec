// `pnpm --filter example-scylla diagnose [--json] [--write]`: the six steps, as the stop goes them, and what to do.
import { type Client, types } from 'cassandra-driver'
import { diagnose } from 'connection'
import { readConfig, serversOf } from './config.ts'
import { logIn } from './connection.ts'
import { faultOf } from './errors.ts'
import { check, readFacts } from './facts.ts'
import { inspectSchema } from './schema.ts'

/** Longer than name, port and certificate of any member can take: each is looked at to the end. */
const patienceMs = 6000

await diagnose({
  stop: 'example-scylla',
  title: 'ScyllaDB',
  readConfig,
  servers: serversOf,
  faultOf,
  go: async (config, steps, { write }) => {
    const { client } = await logIn(config, steps, patienceMs)
    try {
      const { isMissing } = await steps.run(
        'schema',
        null,
        () => inspectSchema(client, config),
        (schema) => schema,
      )
      if (isMissing) steps.skip('read and write', null)
      else
        await steps.run(
          'read and write',
          null,
          () => (write ? writeAndDelete(client) : check(client)),
          (found) => ({ found }),
        )
      return await readFacts(client, steps)
    } finally {
      await client.shutdown()
    }
  },
})

/** Writes a row, reads it and deletes it; were this program to end before, the row would go by itself after a minute. */
async function writeAndDelete(client: Client) {
  const id = types.Uuid.random()
  const add = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?) USING TTL 60'
  await client.execute(add, [id, 'diagnose', 'is deleted'])
  try {
    const { rowLength } = await client.execute('SELECT word FROM grand_tour.words WHERE id = ?', [id])
    return { rowsRead: rowLength, rowsWritten: 1, consistency: 'LOCAL_QUORUM' }
  } finally {
    await client.execute('DELETE FROM grand_tour.words WHERE id = ?', [id])
  }
}
