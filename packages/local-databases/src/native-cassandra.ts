import { randomBytes, randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cassandraCommand, writeCassandraConfig } from './cassandra-config.ts'
import { certificatesFor } from './certificates.ts'
import { ensureRoles, everyMemberAnswers } from './cql-login.ts'
import { keptIn, randomPassword } from './kept.ts'
import { affordableMembers } from './memory.ts'
import { freePort } from './ports.ts'
import { presentedCertificate } from './presented-certificate.ts'
import { serverProcess } from './server-process.ts'
import type { Context, Running, Settings } from './settings.ts'
import { answersCql } from './sockets.ts'

/**
 * Starts a cluster of Apache Cassandra, a real CQL database with several members, from the jars that provisioning got.
 *
 * @param more options of Java's own, and how long a member may take to end before it is killed
 * @throws when Java or the jars are missing, or when a member does not get ready, with the end of its log
 */
export const startNativeCassandra = async (
  settings: Settings,
  context: Context,
  more: { javaOptions?: string[]; endSeconds?: number } = {},
): Promise<Running> => {
  const command = await cassandraCommand()
  const count = settings.members ?? affordableMembers(context)
  const folder = join(settings.directory, `cassandra-${count}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { kept, save } = await keptIn(join(folder, 'kept.json'), {
    cluster: `tour ${randomBytes(6).toString('hex')}`,
    port: 0,
    // Members talk to each other on loopback addresses of their own: a cluster cannot move to another storage port
    // once it has data, so nobody else must ever sit on these.
    network: `127.${randomInt(1, 255)}.${randomInt(0, 255)}`,
    tour: randomPassword(),
    admin: randomPassword(),
  })
  const hosts = Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`)
  kept.port = await freePort(hosts, kept.port || undefined)
  await save()
  const names = hosts.map((host) => ['localhost', host, ...(host === '127.0.0.1' ? ['::1'] : [])])
  const certificates = await certificatesFor(join(folder, 'certificates'), names, settings.certificate)

  const presented = await Promise.all(
    certificates.members.map((files, index) =>
      presentedCertificate(join(folder, `member-${index + 1}`, 'certificate'), files),
    ),
  )
  const processes = await Promise.all(
    hosts.map(async (host, index) => {
      const memberFolder = join(folder, `member-${index + 1}`)
      const options = {
        kept,
        host,
        index,
        count,
        certificate: presented[index]?.files.both,
        tls: settings.tls,
        ...settings.cassandra?.[index],
      }
      return serverProcess(
        {
          name: `Cassandra member ${index + 1}`,
          command: [
            ...command,
            ...(more.javaOptions ?? []),
            ...(await writeCassandraConfig(memberFolder, options)),
          ],
          cwd: memberFolder,
          logFile: join(memberFolder, 'server.log'),
          isReady: () => answersCql(host, kept.port, settings.tls),
          readySeconds: 90,
          ...(more.endSeconds !== undefined && { endSeconds: more.endSeconds }),
        },
        context,
      )
    }),
  )
  const endAll = async () => {
    await Promise.all(processes.map(({ end }) => end()))
  }
  context.onEnd(endAll)
  const expired = new Set<number>()
  const cluster = {
    members: hosts.map((host) => ({ host, port: kept.port })),
    authority: settings.tls ? certificates.authority : undefined,
    get isExpectedToVerify() {
      return settings.certificate === 'good' && expired.size === 0
    },
  }
  context.onProgress(`Starting ${count} Cassandra ${count === 1 ? 'member' : 'members'} on port ${kept.port}`)
  const spawnAll = async () => {
    for (const process of processes) process.spawn()
    await Promise.all(processes.map(({ untilReady }) => untilReady()))
  }
  const untilAgreed = async () => {
    await ensureRoles(cluster, kept, context)
    await everyMemberAnswers(cluster, kept, context.signal)
  }
  await spawnAll()
  try {
    await untilAgreed()
  } catch (error) {
    context.signal.throwIfAborted()
    // Members that start while the machine stands still for seconds may hold one another for down ever after (seen:
    // "required 3, alive 2" for 30 s, while each member's log had all others up). Started once more, they find each other.
    context.onProgress(`The members do not agree (${(error as Error).message}): starting them once more`)
    await endAll()
    await spawnAll()
    await untilAgreed()
  }

  const scheme = settings.tls ? 'https' : 'http'
  const urls = (user: string, password: string) =>
    hosts.map((host) => `${scheme}://${user}:${password}@${host}:${kept.port}`).join(',')
  return {
    way: 'native',
    env: {
      COMPOSE_SCYLLA_URL: urls('tour', kept.tour),
      ...(settings.tls && { PATH_TO_SCYLLA_CERT: certificates.authority }),
    },
    admin: urls('admin', kept.admin),
    members: hosts.map((host, index) => ({ name: `member ${index + 1}`, host, port: kept.port })),
    chosen: { way: 'native', members: count },
    control: async (member, action) => {
      const process = processes[member]
      if (process === undefined) throw new Error(`There is no member ${member}; there are ${count}, from 0.`)
      if (action === 'expire') expired.add(member)
      if (action === 'renew') expired.delete(member)
      await presented[member]?.controlOf(process)(action)
      // Up means: the others know it, too.
      const isStarted = action === 'start' || action === 'expire' || action === 'renew'
      if (isStarted && processes.every(({ isRunning, isPaused }) => isRunning && !isPaused))
        await everyMemberAnswers(cluster, kept, context.signal)
    },
  }
}
