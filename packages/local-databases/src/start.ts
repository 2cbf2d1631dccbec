import { cassandraCommand } from './cassandra-config.ts'
import { dockerDaemon, ensureImage } from './docker.ts'
import { findMysqlServer, remedyFor } from './mysql-server.ts'
import { startNativeCassandra } from './native-cassandra.ts'
import { startNativeMysql } from './native-mysql.ts'
import type { Context, Kind, Running, Settings } from './settings.ts'

const startNative = { scylla: startNativeCassandra, mysql: startNativeMysql }
const again = 'try once more'
/** What to do about this machine's own database that did not start. @throws where there is none */
const remedyOf = {
  scylla: async () => (await cassandraCommand()) && again,
  mysql: async ({ server }: Settings) => (await remedyFor(await findMysqlServer(server))) ?? again,
}
const noDaemon = 'start its daemon (none answers)'
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
    const remedy = await remedyOf[settings.kind](settings).catch(() => undefined)
    throw new Error(waysToGet(settings.kind, whyNot, (error as Error).message, remedy))
  }
}

/** The database by Docker, or why there is none. */
const whyNotByDocker = async (settings: Settings, context: Context): Promise<Running | string> => {
  if (settings.server === 'mariadbd') return 'MariaDB was asked for, and the image is MySQL'
  if (settings.cassandra !== undefined) return 'Apache Cassandra was asked for'
  const docker = await dockerDaemon()
  if (docker === undefined) return noDaemon
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
    const answer = `answers, but not with a database (${(error as Error).message})`
    if (settings.way !== 'docker') context.onProgress(`Warning: Docker ${answer}`)
    return `a daemon ${answer}`
  }
}

/** @param remedy of this machine's own database; undefined where there is none */
const waysToGet = (kind: Kind, docker: string, native: string, remedy: string | undefined): string => {
  const { title, variable, packages } = names[kind]
  // Where Docker has the image, only `npm test` installs this machine's own, too.
  const command = docker === noDaemon ? 'npm start' : 'npm test'
  const own =
    remedy === undefined
      ? `- ${packages} on this machine: \`${command}\` at the repository's root installs them (${native})`
      : `- this machine's own, which did not start: ${remedy} (${native})`
  const others = [`- a database of your own: set ${variable}`, `- Docker: ${docker}`]
  const isPossible = process.platform === 'linux'
  const ways = remedy === undefined ? [...others, ...(isPossible ? [own] : [])] : [own, ...others]
  return [`No ${title} to use here. Ways to get one:`, ...ways].join('\n')
}
