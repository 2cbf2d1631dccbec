import { expect, test } from '@jest/globals'
import { expiryWarning } from '../src/probe.ts'

const certificate = (daysLeft: number | null) => ({
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  verified: false,
  subject: 'db',
  issuer: null,
  names: ['db'],
  validTo: '2026-11-22T12:00:00.000Z',
  daysLeft,
})
const warningAt = (daysLeft: number | null) => expiryWarning(certificate(daysLeft), 'COMPOSE_X_URL')[0]

test('a certificate is warned of from 30 days before its end, and not before', () => {
  expect(warningAt(30)).toBeUndefined()
  expect(warningAt(null)).toBeUndefined()
  expect(warningAt(29)).toEqual({
    origin: 'COMPOSE_X_URL',
    problem: "the server's certificate expires in 29 days (2026-11-22)",
    remedy: 'Renew it before then: no client will connect afterwards.',
  })
})

test.each([
  [2, 'expires in 2 days'],
  [1, 'expires in 1 day'],
  [0, 'expires within a day'],
])('with %i whole days left it says %s', (daysLeft, words) => {
  expect(warningAt(daysLeft)?.problem).toBe(`the server's certificate ${words} (2026-11-22)`)
})

test.each([-1, -2])(
  'one that has expired, %i days left, is said to have, and not to be renewed before',
  (daysLeft) => {
    expect(warningAt(daysLeft)?.problem).toBe("the server's certificate has expired (2026-11-22)")
    expect(warningAt(daysLeft)?.remedy).toBe(
      'Renew it: a client that verifies the server does not connect to it.',
    )
  },
)
