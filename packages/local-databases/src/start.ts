import { cassandraCommand } from './cassandra-config.ts'
import { dockerDaemon, ensureImage } from './docker.ts'
import { findMysqlServer } from './mysql-server.ts'
import { startNativeCassandra } from './native-cassandra.ts'
import { startNativeMysql } from './native-mysql.ts'
import { succeeds } from './programs.ts'
import type { Context, Kind, Running, Settings } from './settings.ts'

const startNative = { scylla: startNativeCassandra, mysql: startNativeMysql }
const isInstalled = {
  scylla: () => succeeds(cassandraCommand()),
  mysql: ({ server }: Settings) => succeeds(findMysqlServer(server)),
}
// Loaded only where a daemon answers: testcontainers takes most of a second to load.
const startByDockerOf = {
  scylla: () => import('./docker-scylla.ts'),
  mysql: () => import('./docker-mysql.ts'),
}
const names: Record<Kind, { variable: string; title: string; packages: string }> = {
  scylla: {
    variable: 'COMPOSE_SCYLLA_URL',
    title: 'CQL database',
    packages: 'Java 17 and Apache Cassandra',
  },
  mysql: { variable: 'COMPOSE_MYSQL_URL', title: 'MySQL server', packages: 'mysqld or mariadbd' },
}

/**
 * Starts a database: by Docker where a daemon answers and has the image, or gets it; else from programs of this machine.
 *
 * @throws when neither works: one message with why, and with every way to get one
 */
export const startDatabase = async (settings: Settings, context: Context): Promise<Running> => {
  const whyNot = settings.way === 'native' ? 'not asked for' : await whyNotByDocker(settings, context)
  if (typeof whyNot !== 'string') return whyNot
  if (settings.way === 'docker') throw new Error(`No ${names[settings.kind].title} by Docker: ${whyNot}`)
  try {
    return await startNative[settings.kind](settings, context)
  } catch (error) {
    context.signal.throwIfAborted()
    const isThere = await isInstalled[settings.kind](settings)
    throw new Error(waysToGet(settings.kind, whyNot, (error as Error).message, isThere))
  }
}

/** The database by Docker, or why there is none. */
const whyNotByDocker = async (settings: Settings, context: Context): Promise<Running | string> => {
  if (settings.server === 'mariadbd') return 'MariaDB was asked for, and the image is MySQL'
  if (settings.cassandra !== undefined) return 'Apache Cassandra was asked for'
  const docker = await dockerDaemon()
  if (docker === undefined) return 'no daemon answers'
  const ends: (() => Promise<void>)[] = []
  const endAll = async () => {
    for (const end of ends.splice(0)) await end()
  }
  context.onEnd(endAll)
  try {
    await ensureImage(docker, settings.kind, context.onProgress)
    const { startByDocker } = await startByDockerOf[settings.kind]()
    return await startByDocker(docker, settings, { ...context, onEnd: (end) => ends.unshift(end) })
  } catch (error) {
    context.signal.throwIfAborted()
    await endAll()
    const why = (error as Error).message
    if (settings.way !== 'docker')
      context.onProgress(`Warning: Docker answers, but not with a database (${why})`)
    return why
  }
}

const waysToGet = (kind: Kind, docker: string, native: string, isThere: boolean): string => {
  const { title, variable, packages } = names[kind]
  const own = isThere
    ? `- this machine's own, which did not start: try once more (${native})`
    : `- ${packages} on this machine: \`npm start\` at the repository's root installs them (${native})`
  const others = [`- a database of your own: set ${variable}`, `- Docker: start its daemon (${docker})`]
  return [
    `No ${title} to use here. Ways to get one:`,
    ...(isThere ? [own, ...others] : [...others, own]),
  ].join('\n')
}
