import { expect, test } from '@jest/globals'
import type { Client } from 'cassandra-driver'
import { readConfig } from '../src/config.ts'
import type { Contact } from '../src/contact-points.ts'
import { Logins } from '../src/logins.ts'
import { AddressesOfConfig } from '../src/policies.ts'
import { strangersOf } from '../src/strangers.ts'

const right = { COMPOSE_SCYLLA_URL: 'https://user:p%40ss@one:9142,https://user:p%40ss@two:9143' }
const faultsOf = (environment: NodeJS.ProcessEnv) => {
  try {
    readConfig(environment)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('the URLs are enough: 127.0.0.1, port 8081, a port for each member', () => {
  const config = readConfig(right)
  expect(config).toMatchObject({ HOST: '127.0.0.1', PORT: 8081 })
  expect(config.COMPOSE_SCYLLA_URL.map(({ host, port, password }) => [host, port, password])).toEqual([
    ['one', 9142, 'p@ss'],
    ['two', 9143, 'p@ss'],
  ])
})

test('the address map is read as the original tour writes it', () => {
  const maps = '{"10.82.25.133:9042": "portal7.example.com:15678"}'
  expect(readConfig({ ...right, COMPOSE_SCYLLA_MAPS: maps }).COMPOSE_SCYLLA_MAPS).toEqual(
    new Map([['10.82.25.133:9042', 'portal7.example.com:15678']]),
  )
})

test('a map of IPv6 addresses has brackets, as a URL has; the driver is given none', async () => {
  const maps =
    '{"[fd00::1]:9042": "[::1]:9143", "[fd00::1]:9043": "[::1]:9144", "10.0.0.2:9042": "[::1]:9145"}'
  const addresses = new AddressesOfConfig(readConfig({ ...right, COMPOSE_SCYLLA_MAPS: maps }), new Map())
  const dialled = (address: string, port: number) =>
    new Promise((resolve) => addresses.translate(address, port, resolve))
  expect(await dialled('fd00::1', 9043)).toBe('::1:9144')
  expect(await dialled('fd00::1', 9142)).toBe('::1:9143') // the port of the first URL, which the map does not have
  expect(await dialled('10.0.0.2', 9042)).toBe('::1:9145')
  expect(await dialled('fd00::', 9042)).toBe('fd00:::9042')
})

// With stubs of the driver's client: not every machine that runs the tests has IPv6.
test('a member behind an IPv6 address is asked what it says of itself, and the map to set has brackets', async () => {
  const config = readConfig({ COMPOSE_SCYLLA_URL: 'https://user:pass@[::1]:9142' })
  const asked: string[] = []
  const contact: Contact = {
    ...{ config, names: new Map([['::1', ['::1']]]), tls: undefined, logins: new Logins('user', 'pass') },
    reached: new Set(config.COMPOSE_SCYLLA_URL),
    clientOf: (contactPoints) => {
      asked.push(...contactPoints)
      const first = () => ({ rpc_address: 'fd00::1', rpc_port: 9042 })
      const none = async () => {}
      return { connect: none, execute: async () => ({ first }), shutdown: none } as unknown as Client
    },
  }
  const hosts = ['fd00::1:9042', 'fd00::2:9042'].map((address) => ({
    address,
    rack: 'r1',
    isUp: () => false,
  }))
  const client = {
    getState: () => ({ getOpenConnections: () => 0 }),
    hosts: { values: () => hosts, get: () => undefined },
  } as unknown as Client
  const [stranger] = await strangersOf(contact, client)
  expect(asked).toEqual(['[::1]:9142'])
  expect(stranger?.fault.problem).toContain('says that it is at [fd00::1]:9042, but [fd00::1]:9042 is not')
  const map = '{"[fd00::1]:9042":"[::1]:9142","[fd00::2]:9042":"HOST:PORT"}'
  expect(stranger?.fault.remedy).toContain(`COMPOSE_SCYLLA_MAPS to ${map}:`)
})

test('every wrong variable is named at once, each with what would be right', () => {
  const faults = faultsOf({
    COMPOSE_SCYLLA_URL: 'https://user:s3cret@one:x',
    PATH_TO_SCYLLA_CERT: '/nowhere/ca.pem',
    COMPOSE_SCYLLA_MAPS: '{"10.0.0.1": 7}',
    COMPOSE_SCYLLA_REPLICATION_FACTOR: '0',
    PORT: 'eighty',
  })
  expect(faults).toContain(
    'COMPOSE_SCYLLA_URL: the port "x" is not a number from 1 to 65535. It looks like https://',
  )
  expect(faults).toContain('PATH_TO_SCYLLA_CERT: /nowhere/ca.pem does not exist')
  expect(faults).toContain(
    'COMPOSE_SCYLLA_MAPS: is not a JSON object of addresses. It looks like {"10.82.25.133:9042"',
  )
  expect(faults).toContain('COMPOSE_SCYLLA_REPLICATION_FACTOR')
  expect(faults).toContain('PORT')
  expect(faults).not.toContain('s3cret')
})

test.each([
  [{}, 'COMPOSE_SCYLLA_URL'],
  [{ COMPOSE_SCYLLA_URL: 'mysql://u:p@host' }, 'the scheme mysql:// is not https or http'],
  [{ COMPOSE_SCYLLA_URL: 'https://u:p@one,http://u:p@two' }, 'the URLs differ in scheme, user or password'],
  [{ COMPOSE_SCYLLA_URL: 'https://u:p@one,https://v:p@two' }, 'the URLs differ in scheme, user or password'],
])('%j is refused: %s', (environment, fault) => {
  expect(faultsOf(environment)).toContain(fault)
})

test('a fault of the URL is told under the name that was used; a name that nobody reads with the one meant', () => {
  expect(faultsOf({ COMPOSE_SCYLLA_URLS: 'https://user:s3cret@one:x' })).toMatch(
    /^COMPOSE_SCYLLA_URLS: the port "x"/,
  )
  expect(faultsOf({ ...right, COMPOSE_SCYLLA_DC: 'dc1', PATH_TO_SCYLA_CERT: '/ca.pem' })).toBe(
    [
      'COMPOSE_SCYLLA_DC: is not known. Known: COMPOSE_SCYLLA_URL, COMPOSE_SCYLLA_MAPS, COMPOSE_SCYLLA_DATACENTER, COMPOSE_SCYLLA_REPLICATION_FACTOR',
      'PATH_TO_SCYLA_CERT: is not known. Perhaps PATH_TO_SCYLLA_CERT is meant',
    ].join('\n'),
  )
  const { COMPOSE_SCYLLA_URL: COMPOSE_SCYLLA_URLS } = right
  expect(readConfig({ COMPOSE_SCYLLA_URLS }).urlVariable).toBe('COMPOSE_SCYLLA_URLS')
})
