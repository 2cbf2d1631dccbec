import { EventEmitter } from 'node:events'
import { expect, test } from '@jest/globals'
import { type Client, type ExecutionOptions, errors, types } from 'cassandra-driver'
import { sentence } from 'connection'
import { Unavailable } from 'server'
import { readConfig } from '../src/config.ts'
import { faultOf, isSilence, refusal } from '../src/errors.ts'
import { memberOf } from '../src/facts.ts'
import { Logins } from '../src/logins.ts'
import { execute, RetryInTime } from '../src/policies.ts'
import { rowsOf } from '../src/words.ts'

const config = readConfig({
  COMPOSE_SCYLLA_URL: 'https://u:p@10.0.0.1:1,https://u:p@10.0.0.2:2,https://u:p@10.0.0.3:3',
})
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' })

test('each member that was tried has its own line, and the driver’s own message hides none', () => {
  const tried = { '10.0.0.1:1': refused, '10.0.0.2:2': expired, '10.0.0.3:3': 'Host considered as DOWN' }
  const reason = sentence(faultOf(config)(new errors.NoHostAvailableError(tried)))
  expect(reason).toContain('nothing listens on 10.0.0.1:1 (ECONNREFUSED)')
  expect(reason).toContain('the certificate of 10.0.0.2:2 has expired')
  expect(reason).toContain('10.0.0.3:3 is not connected')
})

test('the same faults make the same sentence, in whatever order the driver tried', () => {
  const tried = Object.entries({ '10.0.0.1:1': refused, '10.0.0.2:2': expired, '10.0.0.3:3': 'down' })
  const said = (each: [string, unknown][]) =>
    sentence(faultOf(config)(new errors.NoHostAvailableError(Object.fromEntries(each))))
  expect(said(tried.toReversed())).toBe(said(tried))
})

test('silence is when a member let the time pass, and none answered', () => {
  const late = new errors.OperationTimedOutError('no answer', '10.0.0.1:1')
  const answer = new errors.ResponseError(0x1000, 'Not enough replicas')
  const tried = (...each: unknown[]) =>
    isSilence(
      new errors.NoHostAvailableError(Object.fromEntries(each.map((one, n) => [`10.0.0.${n}:1`, one]))),
    )
  expect([isSilence(late), tried(late, 'down'), tried(late, refused)]).toEqual([true, true, true])
  // What a fresh attempt ends in that reached for each member of the URL.
  const unreached = Object.assign(new Error('no TCP connection within 1500 ms'), { code: 'ETIMEDOUT' })
  expect([new AggregateError([unreached, refused]), new AggregateError([refused])].map(isSilence)).toEqual([
    true,
    false,
  ])
  expect([isSilence(answer), tried(late, answer), tried(refused, 'down')]).toEqual([false, false, false])
})

test('a statement counts for the member that refused it, or was silent', () => {
  const late = new errors.OperationTimedOutError('no answer', '10.0.0.1:1')
  const answer = Object.assign(new errors.ResponseError(0x1000, 'no'), { coordinator: '10.0.0.2:2' })
  expect([late, answer, new Error('other')].map(memberOf)).toEqual(['10.0.0.1:1', '10.0.0.2:2', null])
})

test('what a member answers is told, with the consistency level and the replicas alive', () => {
  const answer = { consistencies: 6, required: 2, alive: 1 }
  const unavailable = Object.assign(new errors.ResponseError(0x1000, 'Not enough replicas'), answer)
  const reason = 'the consistency level LOCAL_QUORUM needs 2 replicas; alive: 1'
  expect(sentence(faultOf(config)(unavailable))).toContain(reason)
  const tried = new errors.NoHostAvailableError({ '10.0.0.1:1': unavailable })
  expect(sentence(faultOf(config)(tried))).toContain(reason)
})

test('each handshake that failed is told of the member it was with', () => {
  const reason = sentence(faultOf(config)(new AggregateError([refused, refused, expired])))
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

// With a stub: Node.js as a server closes without an alert where it refuses a certificate.
test('what a server says of a client certificate is not lost to the closed socket that follows it', () => {
  const client = new EventEmitter()
  const logins = new Logins('u', 'p')
  logins.listenTo(client as unknown as Client)
  const log = (message: string, error?: Error) => client.emit('log', 'warning', 'Connection', message, error)
  const failing = (error: Error) =>
    log('There was an error when trying to connect to the host 10.0.0.1:1', error)
  const closed = Object.assign(new Error('Socket was closed'), { isSocketError: true })
  const told = () => sentence(faultOf(config)(logins.whyNot('10.0.0.1:1').error, '10.0.0.1:1'))

  log('Connecting to 10.0.0.1:1')
  failing(new Error('ssl/tls alert unknown ca:SSL alert number 48'))
  failing(closed)
  expect(told()).toContain('10.0.0.1:1 refuses the client certificate')
  log('Connecting to 10.0.0.1:1')
  expect(told()).toContain('10.0.0.1:1 refuses the client certificate') // until more is known
  failing(closed)
  expect(told()).toContain('10.0.0.1:1 speaks TLS but answers no CQL')
})

test('an error of this program stays what it is', () => {
  const error = new TypeError('x is not a function')
  expect(refusal(config)(error)).toBe(error)
})

test('what failed is tried on the next member; where members answer, and lack others, on the same one; four times at most', () => {
  const policy = new RetryInTime()
  const on = (sameHost: boolean) => policy.retryResult(undefined as unknown as number, sameHost)
  const [next, same, told] = [on(false), on(true), policy.rethrowResult()]
  const decisions = (decide: 'onReadTimeout' | 'onWriteTimeout' | 'onUnavailable' | 'onRequestError') =>
    [0, 1, 2, 3].map((nbRetry) =>
      policy[decide]({ query: '', executionOptions: {} as ExecutionOptions, nbRetry }),
    )
  for (const decide of ['onReadTimeout', 'onWriteTimeout'] as const)
    expect(decisions(decide)).toEqual([next, same, same, told])
  for (const decide of ['onUnavailable', 'onRequestError'] as const)
    expect(decisions(decide)).toEqual([next, next, next, told])
})

test('a member without a connection is unavailable, and a write was not sent', () => {
  const error = refusal(config)(new Error('No connection available'))
  expect(error).toBeInstanceOf(Unavailable)
  expect(error).toMatchObject({ sent: false })
  expect(refusal(config)(new Error('Socket was closed'))).not.toBeInstanceOf(Unavailable)
})

test('a statement is tried again while a replica fails or none is connected, and at once told what else it fails with', async () => {
  const { readFailure, syntaxError } = types.responseErrorCodes
  const failingWith = (...each: (number | string | Error)[]) => {
    const failures = each.map((one) => {
      if (typeof one === 'string') return new Error(one)
      return typeof one === 'number' ? new errors.ResponseError(one, 'failed') : one
    })
    const run = async () => {
      const failure = failures.shift()
      if (failure) throw failure
      return 'rows'
    }
    return { execute: run } as unknown as Client
  }
  expect(await execute(failingWith(readFailure, readFailure), 'SELECT', [])).toBe('rows')
  expect(await execute(failingWith('No connection available'), 'SELECT', [])).toBe('rows')
  await expect(execute(failingWith(syntaxError), 'SELECT', [])).rejects.toMatchObject({ code: syntaxError })
  const startedAt = performance.now()
  const always = failingWith(...Array.from({ length: 100 }, () => readFailure))
  await expect(execute(always, 'SELECT', [])).rejects.toMatchObject({ code: readFailure })
  expect(performance.now() - startedAt).toBeLessThan(3000) // within what a request may take

  // What was sent once may be stored, though it could not be sent again.
  const outcomeOf = async (client: Client, earlier?: unknown) =>
    refusal(config)(await execute(client, 'INSERT', [], {}, earlier).catch((error: unknown) => error))
  const lost = new errors.NoHostAvailableError({})
  const failed = new errors.ResponseError(types.responseErrorCodes.writeFailure, 'failed')
  expect(await outcomeOf(failingWith(failed, lost))).toMatchObject({ sent: true, cause: failed })
  expect(await outcomeOf(failingWith('No connection available', lost))).toMatchObject({ sent: false })
  // Where a fresh client has taken over.
  expect(await outcomeOf(failingWith(lost), failed)).toMatchObject({ sent: true, cause: failed })
  expect(await outcomeOf(failingWith(lost), lost)).toMatchObject({ sent: false })
})

// With a stub: Cassandra ends no page early, and ScyllaDB leaves one empty after thousands of deleted rows.
test('a page that is empty or not full is not the end of a list', async () => {
  const pages: Record<string, { rows: string[]; pageState: string | null }> = {
    first: { rows: [], pageState: 'second' },
    second: { rows: ['a'], pageState: 'third' },
    third: { rows: [], pageState: 'last' },
    last: { rows: ['b'], pageState: null },
  }
  const run = async (_: string, __: unknown[], { pageState = 'first' } = {}) => pages[pageState]
  expect(await rowsOf(run as unknown as Parameters<typeof rowsOf>[0], 'SELECT', [])).toEqual(['a', 'b'])
})
