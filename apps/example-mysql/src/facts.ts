import type { ServerFacts } from 'connection'
import type { RowDataPacket } from 'mysql2/promise'
import type { Config } from './config.ts'

/** What the server says of itself, and how the connection is protected. */
export const readFacts = async (
  ask: (sql: string) => Promise<RowDataPacket[]>,
  config: Config,
): Promise<ServerFacts> => {
  const [row] = await ask('SELECT VERSION() AS version')
  const [tls] = await ask("SHOW SESSION STATUS LIKE 'Ssl_version'")
  const version = String(row?.version)
  return {
    // MariaDB says so in its version: 10.11.14-MariaDB-0+deb12u2.
    name: version.includes('MariaDB') ? 'MariaDB' : 'MySQL',
    version: version.replace(/-.*$/, ''),
    tls: tls?.Value || null,
    verified: config.COMPOSE_MYSQL_URL.sslMode === 'VERIFY_IDENTITY',
  }
}
