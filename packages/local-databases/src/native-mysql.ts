import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificatesFor, type MemberCertificates, type MemberFiles } from './certificates.ts'
import { keptIn, randomPassword } from './kept.ts'
import { findMysqlServer, type MysqlServer, makeDataDirectory, temporaryIn } from './mysql-server.ts'
import { freePort } from './ports.ts'
import { presentedCertificate } from './presented-certificate.ts'
import { serverProcess } from './server-process.ts'
import type { Context, Running, Settings } from './settings.ts'
import { mysqlVersionAt } from './sockets.ts'

const host = '127.0.0.1'

/**
 * Starts a MySQL server (or MariaDB, the other server that speaks its protocol) from this machine's own programs.
 *
 * @throws when there is no such program, or when it does not get ready within 60 s, with the end of its log
 */
export const startNativeMysql = async (settings: Settings, context: Context): Promise<Running> => {
  const server = await findMysqlServer(settings.server)
  const folder = join(settings.directory, server.kind)
  const data = join(folder, 'data')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'kept.json')
  const { kept, save } = await keptIn(file, { port: 0, tour: randomPassword(), root: randomPassword() })
  kept.port = await freePort([host], kept.port || undefined)
  await save()
  const names = ['localhost', host, '::1']
  const { authority, members } = await certificatesFor(
    join(folder, 'certificates'),
    [names],
    settings.certificate,
  )
  const [own] = members as [MemberCertificates]
  const presented = await presentedCertificate(join(folder, 'certificate'), own)
  await makeDataDirectory(server, data, context)
  const initFile = join(folder, 'init.sql')
  await writeFile(`${initFile}.new`, usersAndDatabase(kept), { mode: 0o600 })
  await rename(`${initFile}.new`, initFile)

  const process = serverProcess(
    {
      name: server.kind,
      command: [
        ...server.command,
        await temporaryIn(folder),
        ...serverOptions(server, {
          data,
          initFile,
          port: kept.port,
          authority,
          certificate: presented.files,
          settings,
        }),
      ],
      cwd: folder,
      logFile: join(folder, 'server.log'),
      isReady: async () => (await mysqlVersionAt(host, kept.port)) !== undefined,
      readySeconds: 60,
      // It holds the number of the killed server's process; where another has that by now, mysqld does not start.
      leftovers: [join(data, 'mysqld.sock.lock')],
    },
    context,
  )
  context.onEnd(process.end)
  context.onProgress(`Starting ${server.kind} on ${host}:${kept.port}`)
  process.spawn()
  await process.untilReady()
  const control = presented.controlOf(process)

  const query = settings.tls ? '' : '?ssl-mode=DISABLED'
  const url = (user: string, password: string) =>
    `mysql://${user}:${password}@${host}:${kept.port}/compose${query}`
  return {
    way: 'native',
    env: {
      COMPOSE_MYSQL_URL: url('tour', kept.tour),
      ...(settings.tls && { PATH_TO_MYSQL_CERT: authority }),
    },
    admin: url('root', kept.root),
    members: [{ name: server.kind, host, port: kept.port }],
    chosen: { way: 'native', members: 1, server: server.kind },
    control: (_member, action) => control(action),
  }
}

/** Read by the server at every start (init_file), so that no client and no empty password is ever needed. */
const usersAndDatabase = ({ tour, root }: { tour: string; root: string }): string => `\
ALTER USER 'root'@'localhost' IDENTIFIED BY '${root}';
CREATE USER IF NOT EXISTS 'tour'@'%' IDENTIFIED BY '${tour}';
ALTER USER 'tour'@'%' IDENTIFIED BY '${tour}';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON *.* TO 'tour'@'%';
CREATE DATABASE IF NOT EXISTS compose CHARACTER SET utf8mb4;
`

type ServerOptions = {
  data: string
  initFile: string
  port: number
  authority: string
  certificate: MemberFiles
  settings: Settings
}

const serverOptions = (
  server: MysqlServer,
  { data, initFile, port, authority, certificate, settings }: ServerOptions,
) => {
  const tls = [
    `--ssl-ca=${authority}`,
    `--ssl-cert=${certificate.certificate}`,
    `--ssl-key=${certificate.key}`,
    '--require-secure-transport=ON',
  ]
  const noTls = server.kind === 'mysqld' ? ['--tls-version=', '--auto-generate-certs=OFF'] : ['--skip-ssl']
  return [
    `--datadir=${data}`,
    `--init-file=${initFile}`,
    `--bind-address=${host}`,
    `--port=${port}`,
    // Within the data directory, whose path may be longer than the 107 bytes that an address of a socket may have.
    '--socket=mysqld.sock',
    '--pid-file=mysqld.pid',
    '--character-set-server=utf8mb4',
    '--skip-log-bin',
    '--innodb-buffer-pool-size=64M',
    // Probes and tests that break connections off must not get this machine blocked.
    '--max-connect-errors=1000000',
    ...(server.kind === 'mysqld' ? ['--mysqlx=OFF', '--secure-file-priv=NULL'] : []),
    ...(settings.tls ? tls : noTls),
  ]
}
