import { execFile } from 'node:child_process'
import { access, constants, cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { onPath, outputOf, succeeds } from './programs.ts'
import { type Context, installed } from './settings.ts'

/** A server program: which, and the command that every one of its options is added to. */
export type MysqlServer = { kind: 'mysqld' | 'mariadbd'; command: [string, ...string[]] }

/**
 * The server program of this machine: a real `mysqld` on the PATH, or the one that provisioning installed, or `mariadbd`.
 *
 * @throws when there is none (or not the one asked for)
 */
export const findMysqlServer = async (wanted?: MysqlServer['kind']): Promise<MysqlServer> => {
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const found = (kind: MysqlServer['kind'], program: string): MysqlServer => ({
    kind,
    command: [program, '--no-defaults', ...asRoot],
  })
  if (wanted !== 'mariadbd') {
    const mysqld = await onPath('mysqld')
    // Debian's MariaDB puts its own server under this name too.
    if (mysqld !== undefined && !(await outputOf(mysqld, '--version')).includes('MariaDB'))
      return found('mysqld', mysqld)
    const launcher = join(installed.mysql, 'mysqld')
    if (await exists(launcher)) return { kind: 'mysqld', command: [launcher, ...asRoot] }
  }
  if (wanted !== 'mysqld') {
    const mariadbd = await onPath('mariadbd')
    if (mariadbd !== undefined) return found('mariadbd', mariadbd)
  }
  throw new Error(`no ${wanted ?? 'mysqld or mariadbd'} is installed`)
}

/** Ubuntu's own server, and what keeps it to the files of its package. Replaced by a test. */
export const appArmor = { program: '/usr/sbin/mysqld', profile: '/etc/apparmor.d/usr.sbin.mysqld' }

/** What to do where a server that did not start never will; undefined where another try may help. */
export const remedyFor = async ({ command: [program] }: MysqlServer): Promise<string | undefined> =>
  program === appArmor.program && (await exists(appArmor.profile))
    ? `AppArmor lets ${program} use /var/lib/mysql only: start Docker, ` +
      'or set COMPOSE_MYSQL_URL to that server.'
    : undefined

/**
 * Makes the server's data directory where it is missing: a copy (0.2 s) of one that this version of the server made once
 * (3 s, and seven times the work). Both are made beside their place first, so that they are never half there.
 */
export const makeDataDirectory = async (
  server: MysqlServer,
  data: string,
  context: Context,
): Promise<void> => {
  if (await exists(data)) return
  context.onProgress(`Making a data directory for ${server.kind}`)
  const version = /Ver (\S+)/.exec(await outputOf(server.command[0], '--version'))?.[1] ?? ''
  const first = join(installed.newData, `${server.kind}-${version}`)
  if (!(await exists(first))) await makeFirst(server, first, context)
  const made = `${data}.new`
  await rm(made, { recursive: true, force: true })
  await cp(first, made, { recursive: true, mode: constants.COPYFILE_FICLONE })
  await rename(made, data)
}

const makeFirst = async (server: MysqlServer, first: string, context: Context): Promise<void> => {
  await mkdir(dirname(first), { recursive: true })
  const folder = await mkdtemp(`${first}.`)
  try {
    const data = join(folder, 'data')
    await mkdir(data, { mode: 0o700 })
    const options = [`--datadir=${data}`, '--skip-log-bin', await temporaryIn(folder)]
    if (server.kind === 'mysqld') await run(server, [...options, '--initialize-insecure'], '', context)
    else await run(server, [...options, '--bootstrap'], await systemTables(), context)
    await rm(join(data, 'auto.cnf'), { force: true }) // what makes a server unique: each copy gets its own
    await rename(data, first).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; which of the two it is depends on the file system (rename(2)).
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * The option that gives a server a directory of its own for temporary tables: at its start MariaDB removes those of
 * others from a shared one, under servers that are using them.
 */
export const temporaryIn = async (folder: string): Promise<string> => {
  const directory = join(folder, 'tmp')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return `--tmpdir=${directory}`
}

/**
 * What mariadb-install-db feeds to the server; that script itself wants programs of other packages. MariaDB 11.8 has other
 * names for the files, and Fedora another folder.
 *
 * @param share where a server may have its files
 */
export const systemTables = async (share = '/usr/share'): Promise<string> => {
  const folders = [join(share, 'mysql'), join(share, 'mariadb')]
  const begins = folders.flatMap((folder) => [join(folder, 'mysql_'), join(folder, 'mariadb_')])
  const read = (begin: string) =>
    Promise.all(
      ['system_tables', 'performance_tables', 'system_tables_data'].map((name) =>
        readFile(`${begin}${name}.sql`, 'utf8'),
      ),
    )
  const sql = await Promise.any(begins.map(read)).catch(() => {
    throw new Error(
      `The files of MariaDB's system tables, such as mariadb_system_tables.sql, are in none of ${folders.join(' and ')}.`,
    )
  })
  return ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket = NULL;', ...sql].join('\n')
}

/** Runs the server once, to its end, on `input`. */
const run = async (
  server: MysqlServer,
  options: string[],
  input: string,
  context: Context,
): Promise<void> => {
  const [program, ...first] = server.command
  const child = execFile('setpriv', ['--pdeathsig', 'KILL', '--', program, ...first, ...options], {
    signal: context.signal,
    killSignal: 'SIGKILL',
    maxBuffer: 10 * 2 ** 20,
  })
  child.stdin?.on('error', () => {}) // it ended early, and its exit code tells
  child.stdin?.end(input)
  let log = ''
  child.stderr?.on('data', (text: string) => {
    log += text
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) !== 0) throw new Error(`${server.kind} could not make its data directory:\n${log}`)
}

const exists = (file: string): Promise<boolean> => succeeds(access(file))
