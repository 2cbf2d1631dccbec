import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findMysqlServer } from './mysql-server.ts'
import { installPackages } from './packages.ts'
import { outputOf, run, succeeds } from './programs.ts'
import type { Provisioning } from './provision.ts'

/**
 * Gets MySQL itself. Debian has it in unstable (sid) only, and its packages there want newer libraries than the machine
 * may have: so the server and every library it needs are unpacked into a folder of their own, from the mirror that
 * this machine's apt is set up for, with apt's own checks of signatures. Nothing of the system changes, and root is not
 * needed. Where there is no such mirror, or that fails: MariaDB, which speaks the same protocol.
 */
export const provisionMysql = async (provisioning: Provisioning): Promise<void> => {
  const { folder, signal, onProgress, announce } = provisioning
  const has = (server: 'mysqld' | 'mariadbd') => succeeds(findMysqlServer(server))
  if (await has('mysqld')) return
  const ensureMariaDb = async (): Promise<void> => {
    if (await has('mariadbd')) return
    await announce(
      'For MySQL, this installs MariaDB (system package mariadb-server-core, 7 MB, 45 MB unpacked). It takes 200 MB of memory.',
    )
    await installPackages(['mariadb-server-core'], { signal, onProgress })
  }
  const mirror = await debianMirror()
  if (mirror === undefined) return ensureMariaDb()
  try {
    await announce(
      `For MySQL, this downloads MySQL's server (75 MB, 330 MB unpacked, into ${folder}). It takes 500 MB of memory.`,
    )
  } catch (error) {
    signal.throwIfAborted()
    if (!(await has('mariadbd'))) throw error
    return onProgress('Warning: MySQL was not installed, as you said; taking MariaDB, which is here')
  }
  try {
    await unpackMysql(provisioning, mirror)
  } catch (error) {
    signal.throwIfAborted()
    const lines = String((error as { stderr?: string }).stderr ?? (error as Error).message)
      .trim()
      .split('\n')
    onProgress(`Warning: MySQL could not be had (${lines.at(-1)}); taking MariaDB, which speaks its protocol`)
    await ensureMariaDb()
  }
}

/** Unpacks MySQL's server from Debian's unstable, as the mirror has it. */
const unpackMysql = async ({ folder, signal, onProgress }: Provisioning, mirror: string): Promise<void> => {
  const made = `${folder}.new`
  const apt = join(made, 'apt')
  await rm(made, { recursive: true, force: true })
  await mkdir(join(apt, 'lists/partial'), { recursive: true })
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true })
  await writeFile(join(apt, 'status'), '') // nothing is installed: so every library is needed
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await writeFile(join(apt, 'sources.list'), `deb [signed-by=${keys}] ${mirror} sid main\n`)
  await writeFile(join(apt, 'apt.conf'), aptConfiguration(apt))
  const options = { signal, env: { ...process.env, APT_CONFIG: join(apt, 'apt.conf') } }
  onProgress("Reading the list of Debian's packages")
  await run('apt-get', ['update', '--quiet'], options)
  onProgress('Downloading MySQL')
  await run('apt-get', ['install', '--yes', '--download-only', 'mysql-server-core'], options)
  onProgress('Unpacking MySQL')
  const archives = join(apt, 'cache/archives')
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await run('dpkg-deb', ['--extract', join(archives, file), made], { signal })
  }
  await rm(apt, { recursive: true })
  await writeFile(join(made, 'mysqld'), await launcher(made))
  await chmod(join(made, 'mysqld'), 0o755)
  await run(join(made, 'mysqld'), ['--version'], { signal })
  await rm(folder, { recursive: true, force: true })
  await rename(made, folder)
}

/** The mirror that this machine's apt takes Debian from; undefined where there is none, as on Ubuntu. */
const debianMirror = async (): Promise<string | undefined> => {
  const targets = await outputOf('apt-get', 'indextargets', '--format', '$(LABEL) $(REPO_URI)')
  if (targets !== '') return /^Debian (\S+)$/m.exec(targets)?.[1]
  // It has not read its lists yet, and knows no label: the address tells.
  const all = ['indextargets', '--no-release-info', '--format', '$(COMPONENT) $(REPO_URI)']
  return /^main (\S+\/debian\/?)$/m.exec(await outputOf('apt-get', ...all))?.[1]
}

const aptConfiguration = (folder: string): string => `\
Dir::State "${folder}";
Dir::State::status "${join(folder, 'status')}";
Dir::Cache "${join(folder, 'cache')}";
Dir::Etc::sourcelist "${join(folder, 'sources.list')}";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
`

/** MySQL's server, run by its own dynamic loader with its own libraries, from wherever the folder is. */
const launcher = async (folder: string): Promise<string> => {
  const triplet = (await readdir(join(folder, 'usr/lib'))).find((name) => name.endsWith('-linux-gnu'))
  if (triplet === undefined) throw new Error('the packages bring no libraries')
  const loader = (await readdir(join(folder, 'usr/lib', triplet))).find((name) =>
    /^ld-linux-.*\.so\.\d$/.test(name),
  )
  if (loader === undefined) throw new Error('the packages bring no dynamic loader')
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
usr="$here/usr"
libraries="$usr/lib/${triplet}"
exec "$libraries/${loader}" --library-path "$libraries:$usr/lib/mysql/private" "$usr/sbin/mysqld" \\
  --no-defaults --basedir="$usr" --lc-messages-dir="$usr/share/mysql" \\
  --character-sets-dir="$usr/share/mysql/charsets" --plugin-dir="$usr/lib/mysql/plugin" "$@"
`
}
