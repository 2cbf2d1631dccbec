import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import type { FastifyReply } from 'fastify'
import { runStop } from './process.ts'
import { problemOf, serve, until } from './serve.ts'

const word = () => ({ method: 'PUT', body: new URLSearchParams({ word: 'a', definition: 'b' }) })

describe('SIGTERM', () => {
  test('lets a request under way finish, meanwhile says so on /readyz and refuses more, then ends with 0', async () => {
    const { child, ended, url, out } = await runStop()
    const underWay = fetch(`${url}/words`, word())
    await until(() => out().includes('put begins'))
    child.kill('SIGTERM')
    await until(async () => (await fetch(`${url}/readyz`)).status === 503)
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ reason: 'this process is stopping' })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const refused = await fetch(`${url}/words`, word())
    expect(refused.headers.get('connection')).toBe('close')
    expect(await problemOf(refused)).toMatchObject({ status: 503, detail: 'This process is stopping' })
    child.kill('SIGUSR2')
    expect((await underWay).status).toBe(204)
    const { code, out: log } = await ended
    expect(code).toBe(0)
    expect(log).toContain('database closed')
  })

  test('ends at once where nothing is under way, though clients keep a connection or half a request', async () => {
    const { child, ended, url, port } = await runStop()
    expect((await fetch(`${url}/livez`)).status).toBe(200) // fetch keeps this one
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write('GET /livez HTTP/1.1\r\nHo')
    expect((await fetch(`${url}/livez`)).status).toBe(200) // by now that half was read
    const start = performance.now()
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect(performance.now() - start).toBeLessThan(2_000)
    socket.destroy()
  })

  test('cuts a list that is still streaming after the wait, and logs it', async () => {
    const { child, ended, port } = await runStop({ WORDS: '1000000', DRAIN_MS: '300' })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('GET /words HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    child.kill('SIGTERM')
    const { code, out } = await ended
    expect(code).toBe(0)
    expect(out).toMatch(/"url":"\/words".*cut 300 ms after this process was told to stop.*answer cut/)
    expect(out).toContain('database closed')
    socket.destroy()
  })

  test('lets a list finish that a client reads in time', async () => {
    const { child, ended, url } = await runStop({ WORDS: '100000' })
    const response = await fetch(`${url}/words`)
    child.kill('SIGTERM')
    expect(await response.json()).toHaveLength(100_000)
    expect((await ended).code).toBe(0)
  })

  test('twice ends at once', async () => {
    const { child, ended, port, out } = await runStop({ WORDS: '1000000' })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('GET /words HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    child.kill('SIGINT')
    await until(() => out().includes('stopping'))
    const start = performance.now()
    await until(() => !child.kill('SIGTERM') || performance.now() - start > 150)
    expect(await ended).toMatchObject({ code: 1, signal: null })
    expect(performance.now() - start).toBeLessThan(2_000)
    socket.destroy()
  })
})

describe('close()', () => {
  test('does not wait for a request that waited behind another one when its client left', async () => {
    const begun: FastifyReply[] = []
    const { server, port, log } = await serve({
      routes: async (scope) => {
        scope.get('/slow', async (_, reply) => {
          begun.push(reply)
          await setTimeout(200)
          return 'done'
        })
      },
    })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2))
    await until(() => begun.length === 2)
    // As before Node.js 26, which says of such a response that it has closed.
    begun[1]?.raw.removeAllListeners('close')
    socket.destroy()
    await until(() => log.filter(({ msg }) => msg === 'client left').length === 2)
    const start = performance.now()
    await server.close()
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  // https://github.com/fastify/fastify/issues/7044: over a minute with Fastify's defaults
  test('does not wait for a connection that went idle meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { server, url } = await serve({
      routes: async (scope) => {
        scope.get('/slow', async () => {
          await promise
          return 'done'
        })
      },
    })
    const agent = new Agent({ keepAlive: true })
    const request = get(`${url}/slow`, { agent })
    await once(request, 'socket')
    await until(() => new Promise((found) => server.server.getConnections((_, count) => found(count > 0))))
    await fetch(`${url}/livez`) // by now the first request was read as well
    const start = performance.now()
    const closed = server.close()
    resolve()
    const [response] = await once(request, 'response')
    response.resume()
    await closed
    expect(performance.now() - start).toBeLessThan(2_000)
    agent.destroy()
  })
})
