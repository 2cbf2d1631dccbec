// `pnpm --filter example-mysql diagnose [--json] [--write]`: the six steps, as the stop goes them, and what to do.
import { setTimeout as wait } from 'node:timers/promises'
import { diagnose } from 'connection'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { readConfig, serversOf } from './config.ts'
import { logIn } from './connection.ts'
import { faultOf } from './errors.ts'
import { readAndState } from './facts.ts'
import { inspectSchema } from './schema.ts'

await diagnose({
  stop: 'example-mysql',
  title: 'MySQL',
  readConfig,
  servers: serversOf,
  faultOf,
  go: async (config, steps, { write, signal }) => {
    const { connection, server } = await logIn(config, steps, signal)
    try {
      const { found, canRollBack } = await steps.run(
        'schema',
        null,
        () => inspectSchema(connection, config),
        (schema) => schema,
      )
      if (found.charset === null) steps.skip('read and write', null)
      else
        await steps.run(
          'read and write',
          null,
          async () => {
            const read = await readAndState(connection, server, config)
            return write && canRollBack ? { ...read, rowsWritten: await writeAndRollBack(connection) } : read
          },
          ({ faults, ...found }) => ({ found, faults }),
        )
      return server
    } finally {
      // A good-bye that a silent server does not answer is not waited for.
      await Promise.race([connection.end().catch(() => {}), wait(500)])
    }
  },
})

/**
 * Writes a row in a transaction that is rolled back. Its id is 0, which AUTO_INCREMENT never gives: an id that it gave
 * would be missing for ever.
 *
 * @returns how many rows were written
 */
async function writeAndRollBack(connection: Connection): Promise<number> {
  await connection.query("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
  await connection.beginTransaction()
  const [{ affectedRows }] = await connection.query<ResultSetHeader>(
    "INSERT INTO words (id, word, definition) VALUES (0, 'diagnose', 'is rolled back')",
  )
  await connection.rollback()
  return affectedRows
}
