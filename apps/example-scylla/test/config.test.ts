import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Client, Host, HostMap } from 'cassandra-driver'
import type { ServerUrl } from 'connection'
import { certificatesFor } from 'local-databases/certificates'
import { readConfig } from '../src/config.ts'
import { type Contact, hostOf } from '../src/contact-points.ts'
import { Logins } from '../src/logins.ts'
import { AddressesOfConfig, LocalDataCenter, localDataCenterOf } from '../src/policies.ts'
import { ddl, makeKeyspace } from '../src/replication.ts'
import { inspectSchema } from '../src/schema.ts'
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

test('a member that is down where a name of the map led, and leads no more, has moved', async () => {
  let found = ['10.0.0.1']
  const config = readConfig({ ...right, COMPOSE_SCYLLA_MAPS: '{"10.82.25.133:9042": "portal:15678"}' })
  const addresses = new AddressesOfConfig(config, new Map(), async () => found)
  const { promise: dialled, resolve } = Promise.withResolvers<string>()
  addresses.translate('10.82.25.133', 9042, resolve)
  expect(await dialled).toBe('10.0.0.1:15678')
  const isDown = async () => addresses.hasMoved((endpoint) => endpoint === '10.0.0.1:15678')
  expect(await isDown()).toBe(false)
  found = ['10.0.0.2', '10.0.0.1'] // one of two
  expect(await isDown()).toBe(false)
  found = [] // the name server is away
  expect(await isDown()).toBe(false)
  found = ['10.0.0.2']
  expect(await isDown()).toBe(true)
  expect(await addresses.hasMoved(() => false)).toBe(false)
})

test('requests go to the data centre of the first contact point, in whatever order the driver has its hosts', () => {
  const config = readConfig(right)
  const hosts = [
    { address: '::2:9143', datacenter: 'dc2' },
    { address: '10.0.0.1:9142', datacenter: 'dc1' },
    { address: '10.0.0.9:9142', datacenter: 'dc3' },
  ]
  const localOf = (contactPoints: string[], known: typeof hosts, environment = config) => {
    const loadBalancing = new LocalDataCenter(environment, contactPoints)
    const client = { options: { policies: { loadBalancing } }, log: () => {} } as unknown as Client
    loadBalancing.init(client, { values: () => known, on: () => {} } as unknown as HostMap, () => {})
    return localDataCenterOf(client)
  }
  for (const known of [hosts, hosts.toReversed()]) {
    expect(localOf(['10.0.0.1:9142', '[::2]:9143'], known)).toBe('dc1')
    expect(localOf(['[::2]:9143', '10.0.0.1:9142'], known)).toBe('dc2')
    expect(localOf(['10.0.0.5:9142', '[::2]:9143'], known)).toBe('dc2') // the first is not known
  }
  expect(localOf([], hosts, readConfig({ ...right, COMPOSE_SCYLLA_DATACENTER: 'dc3' }))).toBe('dc3')
})

test('two processes send what they make to the same member, in whatever order the driver has its hosts', () => {
  const hosts = ['b', 'c', 'a'].map((hostId) => ({ hostId }) as unknown as Host)
  const chosen = (connected: Host[]) =>
    ddl({ getState: () => ({ getConnectedHosts: () => connected }) } as unknown as Client).host?.hostId
  expect([chosen([...hosts]), chosen(hosts.toReversed()), chosen([])]).toEqual(['a', 'a', undefined])
})

// With stubs of the driver's client: not every machine that runs the tests has IPv6.
test('a member behind an IPv6 address is asked what it says of itself, and the map to set has brackets', async () => {
  const COMPOSE_SCYLLA_URL = 'https://user:pass@[::1]:9142,https://user:pass@[::2]:9143'
  const config = readConfig({ COMPOSE_SCYLLA_URL })
  const [early, late] = config.COMPOSE_SCYLLA_URL as [ServerUrl, ServerUrl]
  const asked: string[] = []
  const contact: Contact = {
    ...{ config, tls: undefined, logins: new Logins('user', 'pass') },
    names: new Map(['::1', '::2'].map((address) => [address, [address]])),
    ...{ reached: new Set([early]), advertised: new Map() },
    clientOf: ([contactPoint = '']) => {
      asked.push(contactPoint)
      // The other one does not answer the first time.
      const connect = async () => {
        if (asked.filter((one) => one === '[::2]:9143').length === 1) throw new Error('paused')
      }
      const first = () => ({ rpc_address: `fd00${hostOf(contactPoint)}`, rpc_port: 9042 })
      return { connect, execute: async () => ({ first }), shutdown: async () => {} } as unknown as Client
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

  // A member that is reached later completes it, as soon as it answers; nobody is asked again.
  contact.reached.add(late)
  await strangersOf(contact, client)
  const [again] = await strangersOf(contact, client)
  await strangersOf(contact, client)
  expect(asked).toEqual(['[::1]:9142', '[::2]:9143', '[::2]:9143'])
  const whole = '{"[fd00::1]:9042":"[::1]:9142","[fd00::2]:9042":"[::2]:9143"}'
  expect(again?.fault.remedy).toContain(`COMPOSE_SCYLLA_MAPS to ${whole}:`)
})

/** Members of data centres, as the driver knows them; requests go to dc1. */
const knowing = (dataCenters: string[], execute: (cql: string) => object = () => ({})) => {
  const hosts = dataCenters.map((datacenter, index) => ({ datacenter, rack: `rack${index}` }))
  return {
    options: { policies: { loadBalancing: { localDc: 'dc1' } } },
    hosts: { length: hosts.length, values: () => hosts },
    getState: () => ({ getConnectedHosts: () => [] }),
    execute: async (cql: string) => execute(cql),
  } as unknown as Client
}

test('no keyspace is made while the cluster has fewer members than the URL names, and than three', async () => {
  const three = { COMPOSE_SCYLLA_URL: ['a', 'b', 'c'].map((host) => `https://u:p@${host}:9142`).join(',') }
  const made = async (members: number, more = {}, names = new Map<string, string[]>()) => {
    const statements: string[] = []
    const client = knowing(Array(members).fill('dc1'), (cql) => [statements.push(cql)])
    await makeKeyspace(client, readConfig({ ...three, ...more }), names)
    return statements.map((cql) => /'dc1': \d/.exec(cql)?.[0])
  }
  await expect(made(1)).rejects.toThrow(
    'keyspace grand_tour: the cluster has 1 of the 3 members that the URL names; a keyspace made now would keep 1 copy for ever. Wait for the others, correct the URL, or set COMPOSE_SCYLLA_REPLICATION_FACTOR.',
  )
  await expect(made(2)).rejects.toThrow('keep 2 copies for ever')
  expect(await made(3)).toEqual(["'dc1': 3"])
  expect(await made(1, { COMPOSE_SCYLLA_REPLICATION_FACTOR: '1' })).toEqual(["'dc1': 1"])
  // Names of the same member, one of which has two addresses; one that does not resolve may be a member.
  const same = new Map([
    ['::1', ['b']],
    ['127.0.0.1', ['a', 'b']],
  ])
  await expect(made(1, {}, same)).rejects.toThrow('has 1 of the 2 members')
  expect(await made(2, {}, same)).toEqual(["'dc1': 2"])
  const four = { COMPOSE_SCYLLA_URL: `${three.COMPOSE_SCYLLA_URL},https://u:p@d:9142` }
  expect(await made(3, four)).toEqual(["'dc1': 3"])
})

test('copies in another data centre are nobody’s warning: requests need those of their own', async () => {
  const faultsOf = async (copies: Record<string, string>) => {
    const replication = { class: 'NetworkTopologyStrategy', ...copies }
    const columns = ['id', 'word', 'definition'].map((column_name) => ({
      column_name,
      ...(column_name === 'id' ? { type: 'uuid', kind: 'partition_key' } : { type: 'text', kind: 'regular' }),
    }))
    const result = { first: () => ({ replication }), rows: columns }
    const { faults } = await inspectSchema(
      knowing(['dc1', 'dc1', 'dc1', 'dc2', 'dc2'], () => result),
      readConfig(right),
    )
    return faults.map(({ problem }) => problem)
  }
  expect(await faultsOf({ dc1: '3' })).toEqual([])
  expect(await faultsOf({ dc1: '3', dc2: '1' })).toEqual([])
  expect(await faultsOf({ dc1: '2', dc2: '1' })).toEqual([
    'its replication is NetworkTopologyStrategy dc1: 2 dc2: 1; this stop would make it NetworkTopologyStrategy dc1: 3 dc2: 2',
    expect.stringContaining('with 2 copies in dc1 it survives no loss'),
  ])
  expect(await faultsOf({ dc1: '3', dc2: '4' })).toHaveLength(1) // more than there are members
})

test('the key of another client certificate is told, with whatever else is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pair-'))
  const { members } = await certificatesFor(join(folder, 'pair'), [['one'], ['two']], 'good')
  const faultsWith = (key = '', more: NodeJS.ProcessEnv = {}) => {
    const pair = { PATH_TO_SCYLLA_CLIENT_CERT: members[0]?.certificate, PATH_TO_SCYLLA_CLIENT_KEY: key }
    return faultsOf({ ...right, ...pair, ...more })
  }
  const fault = 'PATH_TO_SCYLLA_CLIENT_KEY: is not the key of PATH_TO_SCYLLA_CLIENT_CERT'
  expect(faultsWith(members[0]?.key)).toBe('')
  expect(faultsWith(members[1]?.key)).toBe(fault)
  const wrong = { PATH_TO_SCYLLA_CERT: '/nowhere/ca.pem', PORT: 'eighty' }
  expect(faultsWith(members[1]?.key, wrong).split('\n')).toEqual([
    expect.stringMatching(/^PORT: /),
    expect.stringMatching(/^PATH_TO_SCYLLA_CERT: /),
    fault,
  ])
  expect(faultsWith('/nowhere/client.key')).toMatch(/^PATH_TO_SCYLLA_CLIENT_KEY: .* does not exist.*$/)
  await rm(folder, { recursive: true })
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
    'COMPOSE_SCYLLA_URL: the port is not a number from 1 to 65535 (in a .env file, a # that is not quoted ends the value). It looks like https://',
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
    /^COMPOSE_SCYLLA_URLS: the port is/,
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
