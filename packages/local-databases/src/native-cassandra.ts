import { randomBytes, randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cassandraCommand, writeCassandraConfig } from './cassandra-config.ts'
import { certificatesFor } from './certificates.ts'
import { ensureRoles, everyMemberAnswers } from './cql-login.ts'
import { keptIn, randomPassword } from './kept.ts'
import { affordableMembers } from './memory.ts'
import { freePort } from './ports.ts'
import { serverProcess } from './server-process.ts'
import type { Context, Running, Settings } from './settings.ts'
import { answersCql } from './sockets.ts'

/**
 * Starts a cluster of Apache Cassandra, a real CQL database with several members, from the jars that provisioning got.
 *
 * @throws when Java or the jars are missing, or when a member does not get ready, with the end of its log
 */
export const startNativeCassandra = async (settings: Settings, context: Context): Promise<Running> => {
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

  const processes = await Promise.all(
    hosts.map(async (host, index) => {
      const memberFolder = join(folder, `member-${index + 1}`)
      const options = {
        kept,
        host,
        index,
        count,
        certificate: certificates.members[index]?.both,
        tls: settings.tls,
      }
      return serverProcess(
        {
          name: `Cassandra member ${index + 1}`,
          command: [...command, ...(await writeCassandraConfig(memberFolder, options))],
          cwd: memberFolder,
          logFile: join(memberFolder, 'server.log'),
          isReady: () => answersCql(host, kept.port, settings.tls),
          readySeconds: 90,
        },
        context,
      )
    }),
  )
  context.onEnd(async () => {
    await Promise.all(processes.map(({ end }) => end()))
  })
  const cluster = {
    members: hosts.map((host) => ({ host, port: kept.port })),
    authority: settings.tls ? certificates.authority : undefined,
    isExpectedToVerify: settings.certificate === 'good',
  }
  context.onProgress(`Starting ${count} Cassandra ${count === 1 ? 'member' : 'members'} on port ${kept.port}`)
  for (const process of processes) process.spawn()
  await Promise.all(processes.map(({ untilReady }) => untilReady()))
  await ensureRoles(cluster, kept, context)
  await everyMemberAnswers(cluster, kept, context.signal)

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
      await process.control(action)
      // Up means: the others know it, too.
      if (action === 'start' && processes.every(({ isRunning }) => isRunning)) {
        await everyMemberAnswers(cluster, kept, context.signal)
      }
    },
  }
}
