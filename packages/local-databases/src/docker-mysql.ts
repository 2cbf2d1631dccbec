import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import { certificatesFor, type MemberCertificates } from './certificates.ts'
import { images } from './docker.ts'
import { certificateIn, containersOf, LoopbackContainer } from './docker-containers.ts'
import { keptIn, randomPassword } from './kept.ts'
import { freePort } from './ports.ts'
import type { Context, Running, Settings } from './settings.ts'
import { mysqlVersionAt } from './sockets.ts'

const host = '127.0.0.1'

/** Starts MySQL's own image. @throws when it ends, or is not ready within 180 s, with the end of its log */
export const startByDocker = async (
  docker: ContainerRuntimeClient,
  settings: Settings,
  context: Context,
): Promise<Running> => {
  const { kept, save } = await keptIn(join(settings.directory, 'docker.json'), {
    port: 0,
    tour: randomPassword(),
    root: randomPassword(),
    isMade: false,
  })
  kept.port = await freePort([host], kept.port || undefined)
  await save()
  const names = ['localhost', host, '::1']
  const folder = join(settings.directory, 'docker-certificates')
  const { authority, members } = await certificatesFor(folder, [names], settings.certificate)
  const [own] = members as [MemberCertificates]
  const containers = await containersOf(docker, settings, context)
  if (!kept.isMade) await containers.removeVolume('mysql') // which the image may have left half made
  const volume = await containers.volume('mysql')
  const inContainer = (name: string) => `/etc/grand-tour/${name}`
  const tls = [
    `--ssl-ca=${inContainer('authority.pem')}`,
    `--ssl-cert=${inContainer('member.pem')}`,
    `--ssl-key=${inContainer('member.key')}`,
    '--require-secure-transport=ON',
  ]
  const container = new LoopbackContainer(images.mysql)
    .withExposedPorts({ container: 3306, host: kept.port })
    .withBindMounts([{ source: volume, target: '/var/lib/mysql' }])
    .withEnvironment({
      MYSQL_ROOT_PASSWORD: kept.root,
      MYSQL_USER: 'tour',
      MYSQL_PASSWORD: kept.tour,
      MYSQL_DATABASE: 'compose',
    })
    .withCopyContentToContainer([
      { content: await readFile(authority), target: inContainer('authority.pem'), mode: 0o644 },
      ...(await certificateIn(own)),
      // Run once, by the image, when it makes the data directory.
      { content: grants, target: '/docker-entrypoint-initdb.d/grants.sql', mode: 0o644 },
    ])
    .withCommand([
      '--character-set-server=utf8mb4',
      '--skip-log-bin',
      '--innodb-buffer-pool-size=64M',
      '--mysqlx=OFF',
      '--max-connect-errors=1000000',
      ...(settings.tls ? tls : ['--tls-version=', '--auto-generate-certs=OFF']),
    ])
  context.onProgress(`Starting ${images.mysql} by Docker on ${host}:${kept.port}`)
  const control = await containers.start(
    container,
    async () => (await mysqlVersionAt(host, kept.port)) !== undefined,
    own,
  )
  kept.isMade = true
  await save()

  const query = settings.tls ? '' : '?ssl-mode=DISABLED'
  const url = (user: string, password: string) =>
    `mysql://${user}:${password}@${host}:${kept.port}/compose${query}`
  return {
    way: 'docker',
    env: {
      COMPOSE_MYSQL_URL: url('tour', kept.tour),
      ...(settings.tls && { PATH_TO_MYSQL_CERT: authority }),
    },
    admin: url('root', kept.root),
    members: [{ name: images.mysql, host, port: kept.port }],
    chosen: { way: 'docker', members: 1, server: 'mysqld' },
    control: (_member, action) => control(action),
  }
}

const grants = `\
ALTER DATABASE compose CHARACTER SET utf8mb4;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON *.* TO 'tour'@'%';
`
