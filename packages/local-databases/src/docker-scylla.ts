import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import { certificatesFor, type MemberCertificates } from './certificates.ts'
import { ensureRoles, everyMemberAnswers } from './cql-login.ts'
import { images } from './docker.ts'
import { certificateIn, containersOf, LoopbackContainer } from './docker-containers.ts'
import { keptIn, randomPassword } from './kept.ts'
import { affordableMembers } from './memory.ts'
import { freePort } from './ports.ts'
import type { Context, ControlAction, Running, Settings } from './settings.ts'
import { answersCql } from './sockets.ts'

const host = '127.0.0.1'
/**
 * What members call themselves: addresses that are nobody's (RFC 5737, TEST-NET-1) and stay the same across restarts.
 * Clients on this machine dial ports of 127.0.0.1 in their place, by COMPOSE_SCYLLA_MAPS: so it works where containers'
 * own addresses cannot be reached, as on macOS.
 */
const advertised = (index: number) => `192.0.2.${index + 1}`

/** Starts ScyllaDB members in containers. @throws when one ends, or is not ready within 180 s, with the end of its log */
export const startByDocker = async (
  docker: ContainerRuntimeClient,
  settings: Settings,
  context: Context,
): Promise<Running> => {
  const count = settings.members ?? affordableMembers(context)
  const indexes = Array.from({ length: count }, (_, index) => index)
  const { kept, save } = await keptIn(join(settings.directory, `docker-${count}.json`), {
    ports: [] as number[],
    tour: randomPassword(),
    admin: randomPassword(),
    isMade: false,
  })
  for (const index of indexes) kept.ports[index] = await freePort([host], kept.ports[index])
  await save()
  const portOf = (index: number) => kept.ports[index] ?? 0
  const names = indexes.map((index) => ['localhost', host, '::1', advertised(index), memberName(index)])
  const folder = join(settings.directory, `docker-certificates-${count}`)
  const certificates = await certificatesFor(folder, names, settings.certificate)
  const containers = await containersOf(docker, settings, context)
  const network = await containers.network()

  const controls: ((action: ControlAction) => Promise<void>)[] = []
  const startMember = async (index: number): Promise<void> => {
    const own = certificates.members[index] as MemberCertificates
    const volumeName = `scylla-${count}-${index + 1}`
    if (!kept.isMade) await containers.removeVolume(volumeName)
    const tls = [
      'enabled=true',
      'certificate=/etc/grand-tour/member.pem',
      'keyfile=/etc/grand-tour/member.key',
    ]
    const container = new LoopbackContainer(images.scylla)
      .withOnlyNetwork(network, memberName(index))
      .withExposedPorts({ container: 9042, host: portOf(index) })
      .withBindMounts([{ source: await containers.volume(volumeName), target: '/var/lib/scylla' }])
      .withCopyContentToContainer([
        ...(await certificateIn(own)),
        {
          content: `dc=datacenter1\nrack=rack${index + 1}\n`,
          target: '/etc/scylla/cassandra-rackdc.properties',
          mode: 0o644,
        },
      ])
      .withCommand([
        // The only one that is there when the first starts: a new member waits for all of its seeds.
        `--seeds=${memberName(0)}`,
        '--endpoint-snitch=GossipingPropertyFileSnitch', // reads the rack
        '--authenticator=PasswordAuthenticator',
        `--broadcast-rpc-address=${advertised(index)}`,
        ...(settings.tls ? tls.map((option) => `--client-encryption-options=${option}`) : []),
        '--skip-wait-for-gossip-to-settle=0',
        // Default periodic: a member that is killed would lose what it has acknowledged in the last 10 s.
        '--commitlog-sync=batch',
        // Below a client's patience: a coordinator that waits for a paused member gives up before the client does.
        '--read-request-timeout-in-ms=1000',
        '--write-request-timeout-in-ms=1000',
        '--range-request-timeout-in-ms=1000',
        // Small, and without the kernel settings (fs.aio-max-nr) that the default reactor wants.
        '--smp=1',
        '--memory=512M',
        '--overprovisioned=1',
        '--reactor-backend=epoll',
      ])
    context.onProgress(`Starting ${images.scylla} by Docker, member ${index + 1} of ${count}`)
    controls[index] = await containers.start(
      container,
      () => answersCql(host, portOf(index), settings.tls),
      own,
    )
  }
  // New members join one after the other; members that know each other start together.
  if (kept.isMade) await Promise.all(indexes.map(startMember))
  else for (const index of indexes) await startMember(index)

  const cluster = {
    members: indexes.map((index) => ({ host, port: portOf(index) })),
    authority: settings.tls ? certificates.authority : undefined,
    isExpectedToVerify: settings.certificate === 'good',
    upQuery: 'SELECT peer FROM system.cluster_status WHERE up = true ALLOW FILTERING',
  }
  await ensureRoles(cluster, kept, context)
  await everyMemberAnswers(cluster, kept, context.signal)
  kept.isMade = true
  await save()

  const scheme = settings.tls ? 'https' : 'http'
  const urls = (user: string, password: string) =>
    indexes.map((index) => `${scheme}://${user}:${password}@${host}:${portOf(index)}`).join(',')
  const maps = indexes.map((index) => [`${advertised(index)}:9042`, `${host}:${portOf(index)}`])
  return {
    way: 'docker',
    env: {
      COMPOSE_SCYLLA_URL: urls('tour', kept.tour),
      COMPOSE_SCYLLA_MAPS: JSON.stringify(Object.fromEntries(maps)),
      ...(settings.tls && { PATH_TO_SCYLLA_CERT: certificates.authority }),
    },
    admin: urls('admin', kept.admin),
    members: indexes.map((index) => ({ name: memberName(index), host, port: portOf(index) })),
    chosen: { way: 'docker', members: count },
    control: async (member, action) => {
      const control = controls[member]
      if (control === undefined) throw new Error(`There is no member ${member}; there are ${count}, from 0.`)
      await control(action)
    },
  }
}

const memberName = (index: number): string => `scylla-${index + 1}`
