import { readFile } from 'node:fs/promises'
import { outputOf, run } from './programs.ts'

type Options = { signal: AbortSignal; onProgress: (line: string) => void }

/** apt's lists of packages are for one process at a time. */
let installing: Promise<unknown> = Promise.resolve()

/**
 * Installs system packages: as root on Debian and Ubuntu. Each by itself, so that one that cannot be had keeps
 * no other from being installed, and none at the cost of a package that is there.
 *
 * @throws elsewhere, with the exact command to run; with what apt said of each that it could not install
 */
export const installPackages = (packages: readonly string[], options: Options): Promise<void> => {
  const installed = installing.catch(() => {}).then(() => install(packages, options))
  installing = installed
  return installed
}

const install = async (packages: readonly string[], { signal, onProgress }: Options): Promise<void> => {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const isDebian = /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease)
  // --no-remove: on Ubuntu, mariadb-server-core would take the place of somebody's mysql-server.
  const command = 'apt-get install --yes --no-install-recommends --no-remove'
  if (!isDebian) throw new Error(`Install the equivalent of Debian's ${packages.join(', ')}, and try again.`)
  if (process.getuid?.() !== 0)
    throw new Error(
      [
        `Missing: ${packages.join(', ')}. Run this, and try again:`,
        ...packages.map((name) => `  sudo ${command} ${name}`),
      ].join('\n'),
    )
  onProgress('Reading the lists of packages')
  await apt(signal, 'update', '--quiet')
  const failures: string[] = []
  for (const name of packages) {
    onProgress(`Installing ${name}`)
    await apt(signal, ...command.split(' ').slice(1), name).catch((error: Error & { stderr?: string }) => {
      signal.throwIfAborted()
      failures.push(`apt could not install ${name}: ${(error.stderr || error.message).trim()}`)
    })
  }
  if (failures.length > 0) throw new Error(failures.join('\n'))
}

/** Those of the packages that this machine's apt has not; none where it has not read its lists yet. */
export const notInApt = async (packages: readonly string[]): Promise<string[]> => {
  const versions = await outputOf('apt-cache', 'madison', 'apt', ...packages)
  const isThere = (name: string) => new RegExp(`^ *${RegExp.escape(name)} \\|`, 'm').test(versions)
  return isThere('apt') ? packages.filter((name) => !isThere(name)) : []
}

const apt = (signal: AbortSignal, ...args: string[]): Promise<void> => {
  const options = ['-o', 'DPkg::Lock::Timeout=300']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return run('apt-get', [...options, ...args], { env, signal })
}
