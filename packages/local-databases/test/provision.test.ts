import { existsSync } from 'node:fs'
import { afterEach, expect, jest, test } from '@jest/globals'
import * as programs from '../src/programs.ts'

// Stubs, because what is installed here, whether a Docker daemon answers and what apt has are not for a test to choose.
let daemon: object | undefined
let servers: string[] = []
let said: Record<string, string> = {}
const run = jest.fn(async (_program: string, _args: readonly string[]) => {})
const absent = async (what: string) => {
  throw new Error(`${what} is not installed`)
}
jest.unstable_mockModule('../src/mysql-server.ts', () => ({
  findMysqlServer: async (wanted: string) => servers.includes(wanted) || absent(wanted),
}))
jest.unstable_mockModule('../src/java.ts', () => ({ findJava: () => absent('Java 17') }))
jest.unstable_mockModule('../src/docker.ts', () => ({
  dockerDaemon: async () => daemon,
  ensureImage: undefined,
  hasImage: async () => true,
  images: {},
  imageSizes: {},
}))
jest.unstable_mockModule('../src/programs.ts', () => ({
  ...programs,
  outputOf: async (program: string, ...args: string[]) =>
    said[`${program} ${args.slice(0, 2).join(' ')}`] ?? said[program] ?? '',
  run,
}))
const { installPackages, notInApt } = await import('../src/packages.ts')
const { provision } = await import('../src/provision.ts')
const { provisionMysql } = await import('../src/provision-mysql.ts')
const { provisionScylla } = await import('../src/provision-scylla.ts')

const { platform } = process
afterEach(() => {
  daemon = undefined
  servers = []
  said = {}
  Object.defineProperty(process, 'platform', { value: platform })
  jest.restoreAllMocks()
})

const { signal } = new AbortController()
const onProgress = () => {}
/** Says no to whatever is announced. */
const provisioning = () => {
  const announce = jest.fn((_: string) => Promise.reject(new Error('no')))
  return { folder: '/nowhere', signal, onProgress, announce }
}

const testDebian = existsSync('/etc/debian_version') ? test : test.skip

testDebian(
  'a package that apt cannot install keeps no other from being installed, nor removes one',
  async () => {
    jest.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(0)
    run.mockImplementation(async (_, args) => {
      if (args.at(-1) === 'chromium')
        throw Object.assign(new Error('Command failed'), { stderr: 'E: Unable to locate package chromium\n' })
    })
    await expect(
      installPackages(['chromium', 'mariadb-server-core'], { signal, onProgress }),
    ).rejects.toThrow(/^apt could not install chromium: E: Unable to locate package chromium$/)
    expect(run.mock.calls.slice(1).map(([, args]) => args.join(' '))).toEqual([
      expect.stringMatching(/ install .*--no-remove chromium$/),
      expect.stringMatching(/ install .*--no-remove mariadb-server-core$/),
    ])
  },
)

test('apt is asked which packages it has; nothing is held to be missing before it has read its lists', async () => {
  said = { 'apt-cache': '  apt | 3.0 | https://deb.example.com\nmaven | 3.9 | https://deb.example.com\n' }
  expect(await notInApt(['maven', 'openjdk-17-jre-headless'])).toEqual(['openjdk-17-jre-headless'])
  said = {}
  expect(await notInApt(['maven', 'openjdk-17-jre-headless'])).toEqual([])
})

test('where apt has no Java that Cassandra runs on, other ways are told and nothing is announced', async () => {
  said = { 'apt-cache': 'apt | 3.0 | https://deb.example.com\n' }
  const given = provisioning()
  await expect(provisionScylla(given)).rejects.toThrow(
    /apt has no openjdk-17-jre-headless\. Start Docker, set COMPOSE_SCYLLA_URL .* JAVA_HOME to where a Java 17 is\.$/,
  )
  expect(given.announce).not.toHaveBeenCalled()
})

testDebian('so they are where apt reads its lists only when it is to install Java', async () => {
  jest.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(0)
  run.mockImplementation(async () => {
    said = { 'apt-cache': 'apt | 3.0 | https://deb.example.com\n' }
    throw new Error('Unable to locate package')
  })
  const given = { ...provisioning(), announce: async () => {} }
  await expect(provisionScylla(given)).rejects.toThrow(/apt has no openjdk-17-jre-headless\. Start Docker/)
})

test('where apt has no Debian mirror, MariaDB is announced at once, and not where it is installed', async () => {
  said = { 'apt-get': 'Ubuntu http://archive.example.com/ubuntu/\n' }
  const given = provisioning()
  await expect(provisionMysql(given)).rejects.toThrow('no')
  expect(given.announce.mock.calls).toEqual([[expect.stringContaining('this installs MariaDB')]])

  servers = ['mariadbd']
  const again = provisioning()
  await provisionMysql(again)
  expect(again.announce).not.toHaveBeenCalled()
})

test.each([
  ['Debian', 'main http://deb.example.com/debian/', 'downloads MySQL'],
  ['Ubuntu', 'main http://archive.example.com/ubuntu/', 'installs MariaDB'],
])('where apt has not read its lists yet, the address tells %s', async (_, target, what) => {
  said = { 'apt-get indextargets --no-release-info': `main http://other.example.com/\n${target}\n` }
  const given = provisioning()
  await expect(provisionMysql(given)).rejects.toThrow('no')
  expect(given.announce.mock.calls).toEqual([[expect.stringContaining(what)]])
})

test.each([false, true])(
  'elsewhere than on Linux, databases run in Docker only (the native ones, too: %s)',
  async (isNativeToo) => {
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    const confirm = jest.fn(async () => false)
    await expect(provision('mysql', { confirm, isNativeToo })).rejects.toThrow(
      /^No Docker daemon answers, and on this system .* in Docker only\. Start Docker, or set COMPOSE_MYSQL_URL\.$/,
    )
    daemon = {}
    await provision('mysql', { confirm, isNativeToo })
    expect(confirm).not.toHaveBeenCalled()
  },
)
