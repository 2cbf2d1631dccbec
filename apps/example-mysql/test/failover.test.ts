import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { callOnce, inTime, machineMs, spawnStop, steadyNow, undisturbed, until } from 'conformance'
import { faultProxy } from 'local-databases'
import { freshDatabase, rowsOf } from './database.ts'

// Two servers that are each other's replacement: the same user and password, one file with both authorities.
const [first, second] = await Promise.all([freshDatabase(), freshDatabase()])
const { password } = new URL(first.env.COMPOSE_MYSQL_URL ?? '')
await second.admin.query(`ALTER USER 'tour'@'%' IDENTIFIED BY '${password}'`)
const authorities = join(first.directory, 'both.pem')
const pems = [first, second].map(({ env }) => readFile(env.PATH_TO_MYSQL_CERT ?? '', 'utf8'))
await writeFile(authorities, (await Promise.all(pems)).join('\n'))
afterAll(() => Promise.all([first.release(), second.release()]))

type Server = typeof first

const addressOf = ({ members: [member] }: Server) => member ?? { host: '', port: 0 }

const urlTo = (host: string, port: number) => ({
  COMPOSE_MYSQL_URL: `mysql://tour:${password}@${host}:${port}/compose`,
  PATH_TO_MYSQL_CERT: authorities,
})

/** Connections of the stop that a server has. */
const sessionsAt = async ({ admin }: Server) =>
  (await rowsOf(admin, "SELECT 1 FROM information_schema.processlist WHERE user = 'tour'")).length

const wordsAt = async ({ admin }: Server) =>
  (await rowsOf(admin, 'SELECT word FROM grand_tour.words').catch(() => [])).map(({ word }) => String(word))

test(`the server turns read-only: reads go on, writes are told so, and succeed within ${inTime(2000)} of the new one`, async () => {
  const proxy = await faultProxy(addressOf(first))
  const stop = await spawnStop('example-mysql', urlTo(proxy.host, proxy.port))
  try {
    const add = (word: string) =>
      stop.client.add({ word, definition: 'd' }, { deadlineMs: 0 }).then(
        () => 'stored',
        (error: Error) => error.message,
      )
    await Promise.all(Array.from({ length: 8 }, (_, i) => add(`before ${i}`)))
    await first.admin.query('SET GLOBAL super_read_only = ON')
    const refused = await add('refused')
    expect(refused).toMatch(/is read-only/)
    expect(refused).not.toMatch(/may or may not/)
    expect(await stop.client.page(10)).toMatchObject({ words: { length: 8 } })

    proxy.target = addressOf(second)
    const switchedAt = steadyNow()
    await until('a write to succeed', async () => (await add('after')) === 'stored')
    expect(steadyNow() - switchedAt).toBeLessThan(2000 + machineMs)
    const more = Array.from({ length: 20 }, (_, i) => `more ${i}`)
    expect(new Set(await Promise.all(more.map(add)))).toEqual(new Set(['stored']))
    expect((await wordsAt(second)).sort()).toEqual(['after', ...more].sort())
    await until('the old connections to be dropped', async () => (await sessionsAt(first)) === 0)
  } finally {
    await stop.stop()
    await proxy.close()
    await first.admin.query('SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF')
  }
})

test('a switch to the new server before the old one is read-only costs no write anything', async () => {
  const proxy = await faultProxy(addressOf(first))
  const stop = await spawnStop('example-mysql', urlTo(proxy.host, proxy.port))
  try {
    const addEight = (word: string) =>
      Promise.all(Array.from({ length: 8 }, (_, i) => callOnce(stop.url, 'write', `${word} ${i}`)))
    await addEight('in use')
    proxy.target = addressOf(second)
    await first.admin.query('SET GLOBAL super_read_only = ON')
    // Each is refused by the old server, so it certainly was not applied, and stored by the new one.
    expect((await addEight('moved')).map(({ status }) => status)).toEqual(Array(8).fill(204))
    expect((await wordsAt(second)).filter((word) => word.startsWith('moved'))).toHaveLength(8)
  } finally {
    await stop.stop()
    await proxy.close()
    await first.admin.query('SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF')
  }
})

test.each([
  ['takes longer than a request may wait', 200],
  ['does not come about', 300],
])(
  'a write that a read-only server refuses is told so in time, also where a fresh connection %s',
  async (_, ms) => {
    const proxy = await faultProxy(addressOf(first))
    const stop = await spawnStop('example-mysql', urlTo(proxy.host, proxy.port))
    try {
      await stop.client.add({ word: 'before', definition: 'the delay' })
      await first.admin.query('SET GLOBAL super_read_only = ON')
      // Two ways there and back for the write, about ten for a connection, whose login may take 2 s.
      await proxy.set({ mode: 'latency', ms })
      expect(await callOnce(stop.url, 'write', 'refused')).toMatchObject({
        status: 503,
        reason: expect.stringMatching(/is read-only/),
      })
    } finally {
      await proxy.set({ mode: 'pass' })
      await stop.stop()
      await proxy.close()
      await first.admin.query('SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF')
    }
  },
)

test('the name leads to another server: the connections to the old one are dropped, though it is well', async () => {
  // Ten seconds of the stop's own are looked at after eight.
  await undisturbed(seeTheNameFollowed)
}, 180_000)

const seeTheNameFollowed = async () => {
  const one = await faultProxy(addressOf(first), { host: '127.0.0.1' })
  const other = await faultProxy(addressOf(second), { host: '127.0.0.2', port: one.port })
  const leadsTo = join(first.directory, 'localhost-leads-to')
  await writeFile(leadsTo, '127.0.0.1')
  const stop = await spawnStop('example-mysql', {
    ...urlTo('localhost', one.port),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(resolverThatReads(leadsTo))}`,
  })
  try {
    const add = (word: string) => stop.client.add({ word, definition: 'd' }, { deadlineMs: 0 })
    const connectedAt = steadyNow()
    await Promise.all(Array.from({ length: 8 }, (_, i) => add(`old ${i}`)))
    expect(await sessionsAt(first)).toBeGreaterThan(0)
    // It follows a name no sooner than five seconds after it connected.
    await until('those', () => steadyNow() - connectedAt > 5500, 10_000)
    await writeFile(leadsTo, '127.0.0.2')
    const switchedAt = steadyNow()
    const word = `new at ${switchedAt}`
    const isThere = async () => {
      await add(word)
      return (await wordsAt(second)).includes(word)
    }
    await until('a write to reach the new one', isThere)
    expect(steadyNow() - switchedAt).toBeLessThan(2000 + machineMs)
    await until('the connections to be dropped', async () => (await sessionsAt(first)) === 0)
    expect(stop.log()).not.toMatch(/database lost/)

    // And back at once: a name with several addresses that take turns must not have the pool made anew all the time.
    await writeFile(leadsTo, '127.0.0.1')
    await until('the time it would take', () => steadyNow() - switchedAt > 8000, 10_000)
    expect(await sessionsAt(second)).toBeGreaterThan(0)
  } finally {
    await stop.stop()
    await Promise.all([one.close(), other.close()])
  }
}

/**
 * Has the name localhost lead to the address in a file. A stub, because the names of a machine cannot be changed for one
 * process without rights that a test should not have.
 */
const resolverThatReads = (file: string) => `
  import dns from 'node:dns'
  import { readFileSync } from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const address = () => readFileSync(${JSON.stringify(file)}, 'utf8')
  dns.lookup = (host, options, callback) => process.nextTick(() =>
    options.all ? callback(null, [{ address: address(), family: 4 }]) : callback(null, address(), 4))
  dns.promises.lookup = async (host, options) =>
    options?.all ? [{ address: address(), family: 4 }] : { address: address(), family: 4 }
  syncBuiltinESMExports()
`
