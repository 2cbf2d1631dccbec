import { readFile } from 'node:fs/promises'
import { run } from './programs.ts'

type Options = { signal: AbortSignal; onProgress: (line: string) => void }

/** apt's lists of packages are for one process at a time. */
let installing: Promise<unknown> = Promise.resolve()

/**
 * Installs system packages: as root on Debian and Ubuntu.
 *
 * @throws elsewhere, with the exact command to run
 */
export const installPackages = (packages: readonly string[], options: Options): Promise<void> => {
  const installed = installing.catch(() => {}).then(() => install(packages, options))
  installing = installed
  return installed
}

const install = async (packages: readonly string[], { signal, onProgress }: Options): Promise<void> => {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const isDebian = /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease)
  const command = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`
  if (!isDebian) throw new Error(`Install the equivalent of Debian's ${packages.join(', ')}, and try again.`)
  if (process.getuid?.() !== 0)
    throw new Error(`Missing: ${packages.join(', ')}. Run this, and try again:\n  sudo ${command}`)
  onProgress('Reading the lists of packages')
  await apt(signal, 'update', '--quiet')
  onProgress(`Installing ${packages.join(', ')}`)
  await apt(signal, ...command.split(' ').slice(1))
}

const apt = (signal: AbortSignal, ...args: string[]): Promise<void> => {
  const options = ['-o', 'DPkg::Lock::Timeout=300']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return run('apt-get', [...options, ...args], { env, signal })
}
