import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LeaseOptions, lease } from 'local-databases'
import mysql, { type Pool, type RowDataPacket } from 'mysql2/promise'

/** A MySQL server in a folder of its own, and a pool of its administrator to look at it from outside of the stop. */
export const freshDatabase = async (options: LeaseOptions = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-tour-mysql-'))
  const database = await lease('mysql', { ...options, directory })
  const url = new URL(database.admin ?? '')
  const admin = mysql.createPool({
    host: url.hostname,
    port: Number(url.port),
    user: url.username,
    password: url.password,
    database: 'compose',
    charset: 'UTF8MB4_UNICODE_CI',
    connectionLimit: 2,
    ...(options.tls !== false && {
      ssl: {
        ca: await readFile(database.env.PATH_TO_MYSQL_CERT ?? ''),
        // The tests' own look at servers whose certificates are wrong on purpose.
        rejectUnauthorized: options.certificate === undefined,
      },
    }),
  })
  return {
    ...database,
    directory,
    admin,
    release: async () => {
      await admin.end()
      // An orderly end takes seconds, and nobody will read this folder again.
      await database.control(0, 'kill').catch(() => {})
      await database.release()
      await rm(directory, { recursive: true })
    },
  }
}

/** The rows of one statement. */
export const rowsOf = async (pool: Pool, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> => {
  const [rows] = await pool.query<RowDataPacket[]>(sql, values)
  return rows
}
