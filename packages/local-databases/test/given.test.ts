import { expect, test } from '@jest/globals'
import { givenDatabase } from '../src/given.ts'

test('COMPOSE_SCYLLA_URL names a database, which is given on with all its variables', async () => {
  const env = {
    COMPOSE_SCYLLA_URL: 'https://u:p@a.example.com:1,https://u:p@b.example.com:2',
    PATH_TO_SCYLLA_CERT: '/ca.pem',
    COMPOSE_SCYLLA_MAPS: '{"10.0.0.1:9042":"a.example.com:1"}',
  }
  const given = givenDatabase('scylla', { ...env, OTHER: 'x' })
  expect(given).toMatchObject({ way: 'given', env })
  expect(given?.members.map(({ host, port }) => [host, port])).toEqual([
    ['a.example.com', 1],
    ['b.example.com', 2],
  ])
  await expect(given?.control(0, 'kill')).rejects.toThrow(/not ours/)
})

test('the name that the Node.js version of the tour used is accepted too', () => {
  expect(givenDatabase('scylla', { COMPOSE_SCYLLA_URLS: 'https://u:p@a:1' })?.env).toEqual({
    COMPOSE_SCYLLA_URLS: 'https://u:p@a:1',
  })
})

test('an empty variable names nothing', () => {
  expect(givenDatabase('mysql', { COMPOSE_MYSQL_URL: '' })).toBeUndefined()
})
