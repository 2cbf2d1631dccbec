import { expect, test } from '@jest/globals'
import { readConfig } from '../src/config.ts'

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
