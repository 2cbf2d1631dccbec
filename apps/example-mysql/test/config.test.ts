import { expect, test } from '@jest/globals'
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

test('every wrong variable is named at once, each with what would be right', () => {
  const faults = faultsOf({
    COMPOSE_MYSQL_URL: 'mysql://user:s3cret@host:x/compose',
    PATH_TO_MYSQL_CERT: '/nowhere/ca.pem',
    PORT: 'eighty',
  })
  expect(faults).toContain(
    'COMPOSE_MYSQL_URL: the port "x" is not a number from 1 to 65535. It looks like mysql://',
  )
  expect(faults).toContain('PATH_TO_MYSQL_CERT: /nowhere/ca.pem does not exist')
  expect(faults).toContain('PORT')
  expect(faults).not.toContain('s3cret')
})

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
    'the parameter "sslmode" is not known; known: ssl-mode',
  ],
  [{ COMPOSE_MYSQL_URL: 'mysql://u:p@a/x,mysql://u:p@b/x' }, 'names several servers. Give one URL'],
  [{ ...right, PATH_TO_MYSQL_CLIENT_KEY: import.meta.filename }, 'holds no PEM private key'],
])('%j is refused: %s', (environment, fault) => {
  expect(faultsOf(environment)).toContain(fault)
})
