import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Lease, serveBreaking } from 'local-databases'
import { type App, type Stop, spawnStop } from './stop.ts'
import { unique } from './suite/requests.ts'
import { until } from './until.ts'

type Breakage = { id: string; member: number | null; broken: boolean }

/** Milliseconds for a database to start again, under load too. */
const startMs = 90_000

/**
 * Declares the tests of `Break it`: that each action breaks what it says on the real database, that undoing it mends
 * it, and that everything can be restored at once. The database is well again afterwards.
 */
export const testBreaking = (
  app: App,
  database: Pick<Lease, 'way' | 'env' | 'members' | 'control'>,
): void => {
  describe('breaking it on purpose', () => {
    const { members } = database
    const last = members.length - 1
    let serving: Awaited<ReturnType<typeof serveBreaking>>
    let stop: Stop
    beforeAll(async () => {
      serving = await serveBreaking(database)
      stop = await spawnStop(app, { ...serving.env, NODE_OPTIONS: '--import=server/break-it' })
    }, startMs)
    // Whatever failed: the tests after this one need every server.
    afterEach(async () => {
      await ask('DELETE')
      await until('the stop to be ready', isReady, startMs)
    }, 2 * startMs)
    afterAll(async () => {
      await stop?.stop()
      await serving?.close()
    })

    const ask = async (method: string, id?: string) => {
      const path = id === undefined ? '/break' : `/break/${id}`
      const response = await fetch(`${stop.url}${path}`, { method })
      return { status: response.status, text: await response.text() }
    }
    const done = { status: 204, text: '' }
    const list = async (): Promise<Breakage[]> => JSON.parse((await ask('GET')).text)
    const broken = async () => (await list()).filter((one) => one.broken).map(({ id }) => id)
    const isReady = async () => (await stop.client.ready()).status === 'ok'
    const serves = async () => {
      await until('the stop to be ready', isReady, startMs)
      await stop.client.add({ word: unique('mended'), definition: 'stored' })
    }
    /** Where the stop finds a member: at its proxy. */
    const proxyOf = (member: number) => {
      const url =
        (serving.env.COMPOSE_SCYLLA_URL ?? serving.env.COMPOSE_MYSQL_URL ?? '').split(',')[member] ?? ''
      const { hostname, port } = new URL(url)
      return { host: hostname, port: Number(port) }
    }
    const talk = (address: { host: string; port: number }, ms = 1500) =>
      talkTo(address, app === 'example-scylla', ms)
    const talks = (address: { host: string; port: number }) =>
      until('it to talk', async () => (await talk(address)) === 'talks')
    const own = (member: number) => members[member] as Lease['members'][number]

    test('is offered for each of its servers, and nothing is broken', async () => {
      const ids = members.flatMap((_, member) =>
        ['pause', 'kill', 'cut', 'slow'].map((kind) => `${kind}:${member}`),
      )
      expect((await list()).map(({ id }) => id)).toEqual([...ids, 'expired-certificate'])
      expect(await broken()).toEqual([])
      expect((await stop.client.connection()).canBreak).toBe(true)
      expect(await ask('POST', 'kill:9')).toMatchObject({ status: 404 })
    })

    test(
      'pausing and killing a server are of its process',
      async () => {
        expect(await ask('POST', `pause:${last}`)).toEqual(done)
        expect(await broken()).toEqual([`pause:${last}`])
        expect(await talk(own(last))).toBe('silent')
        expect(await ask('DELETE', `pause:${last}`)).toEqual(done)
        await talks(own(last))
        await serves()

        expect(await ask('POST', `kill:${last}`)).toEqual(done)
        expect(await broken()).toEqual([`kill:${last}`])
        expect([await talk(own(last)), await talk(proxyOf(last))]).toEqual(['refuses', 'refuses'])
        const ups = async () =>
          [
            ...(await (await fetch(`${stop.url}/metrics`)).text()).matchAll(
              /^tour_database_member_up\{.*\} (\d)$/gm,
            ),
          ].map(([, up]) => up)
        await until('the stop to notice', async () => (await ups()).includes('0'), startMs)
        expect(await ask('POST', `pause:${last}`)).toMatchObject({ status: 409 })
        expect(await ask('DELETE', `kill:${last}`)).toEqual(done)
        await talks(own(last))
        const areAllUp = async () => (await ups()).join('') === '1'.repeat(members.length)
        await until('every member to be used again', areAllUp, startMs)
        await serves()
        expect(await broken()).toEqual([])
      },
      2 * startMs,
    )

    test(
      'cutting and slowing the network are of the way to it',
      async () => {
        expect(await ask('POST', `cut:${last}`)).toEqual(done)
        expect(await talk(proxyOf(last))).toBe('silent')
        await talks(own(last))
        expect(await ask('POST', `slow:${last}`)).toEqual(done) // in its place
        expect(await broken()).toEqual([`slow:${last}`])
        const startedAt = performance.now()
        expect(await talk(proxyOf(last), 5000)).toBe('talks')
        expect(performance.now() - startedAt).toBeGreaterThan(80)
        expect(await ask('DELETE', `slow:${last}`)).toEqual(done)
        await talks(proxyOf(last))
        await serves()
      },
      startMs,
    )

    test(
      'certificates that have expired are presented by the servers themselves, until theirs are back',
      async () => {
        expect(await ask('POST', 'expired-certificate')).toEqual(done)
        const reason = async () => (await stop.client.ready()).reason
        await until(
          'the stop to be told',
          async () => /certificate of .* has expired/.test((await reason()) ?? ''),
          startMs,
        )
        for (const member of members.keys()) expect(await talk(own(member), startMs)).toBe('talks')
        expect(await ask('DELETE', 'expired-certificate')).toEqual(done)
        await serves()
      },
      3 * startMs,
    )

    test(
      'all of it is restored at once',
      async () => {
        for (const id of ['pause:0', `cut:${last}`, `kill:${last}`])
          expect(await ask('POST', id)).toEqual(done)
        expect(await ask('DELETE')).toEqual(done)
        expect(await broken()).toEqual([])
        for (const member of members.keys()) expect(await talk(proxyOf(member), startMs)).toBe('talks')
        await serves()
      },
      2 * startMs,
    )

    test(
      'a terminal does the same',
      async () => {
        const bin = fileURLToPath(new URL('../../server/src/break-command.ts', import.meta.url))
        const { NODE_OPTIONS: _, PORT: __, ...env } = process.env
        const run = async (port: string, ...args: string[]) => {
          const outcome = promisify(execFile)(process.execPath, [bin, '--port', port, ...args], { env })
          return outcome.then(
            ({ stdout }) => ({ code: 0, out: stdout }),
            ({ code, stderr }) => ({ code, out: stderr }),
          )
        }
        const { port } = new URL(stop.url)
        expect(await run(port)).toMatchObject({ code: 0, out: expect.stringMatching(/^ {2}kill:0 +Kill /m) })
        expect(await run(port, `cut:${last}`)).toMatchObject({
          code: 0,
          out: expect.stringMatching(/^✗ cut:.* done$/m),
        })
        expect(await broken()).toEqual([`cut:${last}`])
        expect((await run(port, `cut:${last}`, '--undo')).code).toBe(0)
        expect(await broken()).toEqual([])
        await ask('POST', 'slow:0')
        expect((await run(port, '--restore')).code).toBe(0)
        expect(await broken()).toEqual([])
        expect(await run(port, 'kill:9')).toMatchObject({
          code: 1,
          out: expect.stringContaining('There is no kill:9'),
        })
        expect(await run('1')).toMatchObject({ code: 1, out: expect.stringContaining('Nothing answers') })
        expect((await run(port, '--undo')).code).toBe(2)
        await serves()
      },
      startMs,
    )
  })
}

/**
 * What a server does, or what is in its place: it talks (a MySQL server greets, a CQL server makes a TLS handshake), it
 * says nothing within `ms`, or nothing listens.
 */
const talkTo = ({ host, port }: { host: string; port: number }, isTls: boolean, ms: number) => {
  const { promise, resolve } = Promise.withResolvers<'talks' | 'silent' | 'refuses'>()
  // Whether its certificate is good is not what is asked.
  const socket = isTls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
  const timer = setTimeout(() => resolve('silent'), ms)
  socket.once(isTls ? 'secureConnect' : 'data', () => resolve('talks'))
  socket.once('error', ({ code }: NodeJS.ErrnoException) =>
    resolve(code === 'ECONNREFUSED' ? 'refuses' : 'silent'),
  )
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}
