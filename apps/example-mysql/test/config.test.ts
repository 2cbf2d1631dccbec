import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { certificatesFor } from 'local-databases/certificates'
import { readConfig } from '../src/config.ts'

const right = { COMPOSE_MYSQL_URL: 'mysql://user:p%40ss@db.example.com:3306/compose' }
const faultsOf = (environment: NodeJS.ProcessEnv) => {
  try {
    readConfig(environment)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('the URL is enough: 127.0.0.1, port 8082, the certificate and the name verified', () => {
  expect(readConfig(right)).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8082,
    COMPOSE_MYSQL_URL: {
      user: 'user',
      password: 'p@ss',
      host: 'db.example.com',
      port: 3306,
      database: 'compose',
      sslMode: 'VERIFY_IDENTITY',
    },
  })
})

test('the key of another client certificate is told, with whatever else is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pair-'))
  const { members } = await certificatesFor(join(folder, 'pair'), [['one'], ['two']], 'good')
  const faultsWith = (key = '', more: NodeJS.ProcessEnv = {}) => {
    const pair = { PATH_TO_MYSQL_CLIENT_CERT: members[0]?.certificate, PATH_TO_MYSQL_CLIENT_KEY: key }
    return faultsOf({ ...right, ...pair, ...more })
  }
  const fault = 'PATH_TO_MYSQL_CLIENT_KEY: is not the key of PATH_TO_MYSQL_CLIENT_CERT'
  expect(faultsWith(members[0]?.key)).toBe('')
  expect(faultsWith(members[1]?.key)).toBe(fault)
  const wrong = { PATH_TO_MYSQL_CERT: '/nowhere/ca.pem', PORT: 'eighty' }
  expect(faultsWith(members[1]?.key, wrong).split('\n')).toEqual([
    expect.stringMatching(/^PORT: /),
    expect.stringMatching(/^PATH_TO_MYSQL_CERT: /),
    fault,
  ])
  expect(faultsWith('/nowhere/client.key')).toMatch(/^PATH_TO_MYSQL_CLIENT_KEY: .* does not exist.*$/)
  await rm(folder, { recursive: true })
})

test('every wrong variable is named at once, each with what would be right', () => {
  const faults = faultsOf({
    COMPOSE_MYSQL_URL: 'mysql://user:s3cret@host:x/compose',
    PATH_TO_MYSQL_CERT: '/nowhere/ca.pem',
    PORT: 'eighty',
  })
  expect(faults).toContain(
    'COMPOSE_MYSQL_URL: the port is not a number from 1 to 65535 (in a .env file, a # that is not quoted ends the value). It looks like mysql://',
  )
  expect(faults).toContain('PATH_TO_MYSQL_CERT: /nowhere/ca.pem does not exist')
  expect(faults).toContain('PORT')
  expect(faults).not.toContain('s3cret')
})

test.each(['p@ss/w?rd#1%', 'p%40ss%2Fw%3Frd%231%25'])(
  'a password with special characters works: %s',
  (password) => {
    const { COMPOSE_MYSQL_URL } = readConfig({
      COMPOSE_MYSQL_URL: `mysql://user:${password}@host:3306/compose`,
    })
    expect(COMPOSE_MYSQL_URL).toMatchObject({ password: 'p@ss/w?rd#1%', host: 'host', port: 3306 })
  },
)

test.each([
  [{}, 'COMPOSE_MYSQL_URL'],
  [{ COMPOSE_MYSQL_URL: '' }, 'COMPOSE_MYSQL_URL'],
  [{ COMPOSE_MYSQL_URL: 'mysql://u:p@host' }, 'names no database. Append one'],
  [
    { COMPOSE_MYSQL_URL: 'mysql://u:p@host/compose?ssl-mode=strict' },
    'ssl-mode=STRICT is not known. Use one of DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY',
  ],
  [
    { COMPOSE_MYSQL_URL: 'mysql://u:p@host/compose?sslmode=REQUIRED' },
    'the parameter "sslmode" is not known; perhaps ssl-mode is meant',
  ],
  [
    { COMPOSE_MYSQL_URL: 'mysql://u:p@host/compose?ssl-mode=verify-identity' },
    'ssl-mode=VERIFY-IDENTITY is not known; perhaps VERIFY_IDENTITY is meant.',
  ],
  [
    { ...right, COMPOSE_MYSQL_POOLSIZE: '20' },
    'COMPOSE_MYSQL_POOLSIZE: is not known. Perhaps COMPOSE_MYSQL_POOL_SIZE is meant',
  ],
  [
    { ...right, PATH_TO_MYSQL_CA: '/etc/ca.pem' },
    'PATH_TO_MYSQL_CA: is not known. Known: PATH_TO_MYSQL_CERT, PATH_TO_MYSQL_CLIENT_CERT',
  ],
  [{ COMPOSE_MYSQL_URL: 'mysql://u:p@a/x,mysql://u:p@b/x' }, 'names several servers. Give one URL'],
  [{ ...right, PATH_TO_MYSQL_CLIENT_KEY: import.meta.filename }, 'holds no PEM private key'],
  [
    { ...right, COMPOSE_MYSQL_POOL_SIZE: '1' },
    'COMPOSE_MYSQL_POOL_SIZE: must be a whole number from 2 to 100',
  ],
])('%j is refused: %s', (environment, fault) => {
  expect(faultsOf(environment)).toContain(fault)
})
