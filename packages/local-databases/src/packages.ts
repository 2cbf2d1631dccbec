import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * Installs system packages: as root on Debian and Ubuntu.
 *
 * @throws elsewhere, with the exact command to run
 */
export const installPackages = async (packages: readonly string[], onProgress: (line: string) => void) => {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const isDebian = /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease)
  const command = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`
  if (!isDebian) throw new Error(`Install the equivalent of Debian's ${packages.join(', ')}, and try again.`)
  if (process.getuid?.() !== 0)
    throw new Error(`Missing: ${packages.join(', ')}. Run this, and try again:\n  sudo ${command}`)
  onProgress('Reading the lists of packages')
  await apt('update', '--quiet')
  onProgress(`Installing ${packages.join(', ')}`)
  await apt(...command.split(' ').slice(1))
}

const apt = async (...args: string[]): Promise<void> => {
  const options = ['-o', 'DPkg::Lock::Timeout=300']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await promisify(execFile)('apt-get', [...options, ...args], { env, maxBuffer: 64 * 2 ** 20 })
}
