import { expect, test } from '@jest/globals'
import { errors } from 'cassandra-driver'
import { Unavailable } from 'server'
import { readConfig } from '../src/config.ts'
import { explainer, refusal } from '../src/errors.ts'

const config = readConfig({
  COMPOSE_SCYLLA_URL: 'https://u:p@10.0.0.1:1,https://u:p@10.0.0.2:2,https://u:p@10.0.0.3:3',
})
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' })

test('each member that was tried has its own line, and the driver’s own message hides none', () => {
  const tried = { '10.0.0.1:1': refused, '10.0.0.2:2': expired, '10.0.0.3:3': 'Host considered as DOWN' }
  const reason = explainer(config)(new errors.NoHostAvailableError(tried))
  expect(reason).toContain('nothing listens on 10.0.0.1:1 (ECONNREFUSED)')
  expect(reason).toContain('the certificate of 10.0.0.2:2 has expired')
  expect(reason).toContain('10.0.0.3:3 is not connected')
})

test('what a member answers is told, with the consistency level and the replicas alive', () => {
  const answer = { consistencies: 6, required: 2, alive: 1 }
  const unavailable = Object.assign(new errors.ResponseError(0x1000, 'Not enough replicas'), answer)
  const reason = 'the consistency level LOCAL_QUORUM needs 2 replicas; alive: 1'
  expect(explainer(config)(unavailable)).toContain(reason)
  expect(explainer(config)(new errors.NoHostAvailableError({ '10.0.0.1:1': unavailable }))).toContain(reason)
})

test('each handshake that failed is told of the member it was with', () => {
  const reason = explainer(config)(new AggregateError([refused, refused, expired]))
  expect(reason).toContain('nothing listens on 10.0.0.1:1')
  expect(reason).toContain('nothing listens on 10.0.0.2:2')
  expect(reason).toContain('the certificate of 10.0.0.3:3 has expired')
})

test('a cluster of which every member is marked as down is unavailable, and a write was not sent', () => {
  const down = 'Host considered as DOWN'
  const error = refusal(config)(new errors.NoHostAvailableError({ '10.0.0.1:1': down, '10.0.0.2:2': down }))
  expect(error).toBeInstanceOf(Unavailable)
  expect(error).toMatchObject({ sent: false })
  expect(refusal(config)(new errors.NoHostAvailableError({ '10.0.0.1:1': refused }))).toMatchObject({
    sent: true,
  })
})

test('an error of this program stays what it is', () => {
  const error = new TypeError('x is not a function')
  expect(refusal(config)(error)).toBe(error)
})
