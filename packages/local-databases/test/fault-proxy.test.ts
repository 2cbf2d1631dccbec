import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { faultProxy, type NetworkFault } from '../src/fault-proxy.ts'
import { waitUntil } from './machine.ts'

const closings: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

/** A server that answers everything with its name and what it was told. */
const echo = async (name = '') => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (data) => socket.write(name + data.toString()))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closings.push(() => server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, sockets }
}

/** A proxy in front of such a server. */
const proxied = async () => {
  const server = await echo()
  const proxy = await faultProxy(server)
  closings.push(proxy.close)
  return { server, proxy }
}

/** A client: what it was told, and how it ended, `closed` or the error's code. */
const client = async (to: { host: string; port: number }) => {
  const socket = connect({ host: to.host, port: to.port })
  const state = { told: '', ended: '' }
  socket.on('data', (data) => {
    state.told += data
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state.ended = error.code ?? ''
  })
  socket.on('close', () => {
    state.ended ||= 'closed'
  })
  closings.push(() => socket.destroy())
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
  /** Sends the text, and resolves with the milliseconds until it has come back. */
  const ask = async (text: string) => {
    const askedAt = performance.now()
    const before = state.told.length
    socket.write(text)
    await waitUntil(`${text} to come back`, 5, () => state.told.length >= before + text.length)
    return performance.now() - askedAt
  }
  return { socket, state, ask }
}

describe('a fault proxy', () => {
  test('counts the connections that clients break off, and none of those that they close', async () => {
    const { proxy } = await proxied()
    const [polite, rude] = [await client(proxy), await client(proxy)]
    await Promise.all([polite.ask('hello'), rude.ask('hello')])
    polite.socket.end()
    rude.socket.resetAndDestroy()
    await waitUntil('both to be gone', 5, () => proxy.count().open === 0)
    expect(proxy.brokenOff()).toBe(1)
  })

  test('passes both ways, counts connections, and passes an end on without cutting what is still to come', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = ''
      socket.on('data', (data) => (text += data)).on('end', () => socket.end(`${text.length} bytes`))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    closings.push(() => server.close())
    const proxy = await faultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    closings.push(proxy.close)
    const { socket, state } = await client(proxy)
    await waitUntil('the connection to be counted', 5, () => proxy.count().open === 1)
    socket.end('x'.repeat(5_000_000))
    await waitUntil('the end', 5, () => state.ended !== '')
    expect(state).toEqual({ told: '5000000 bytes', ended: 'closed' })
    await waitUntil('it to be forgotten', 5, () => proxy.count().open === 0)
    expect(proxy.count()).toEqual({ accepted: 1, open: 0 })
  })

  test('latency: every piece comes later, in order, on open connections too; not any more afterwards', async () => {
    const { proxy } = await proxied()
    const { ask, state, socket } = await client(proxy)
    await ask('quick')
    await proxy.set({ mode: 'latency', ms: 150, jitterMs: 50 })
    expect(await ask('slow')).toBeGreaterThan(200)
    for (let digit = 0; digit < 10; digit++) socket.write(`${digit}`)
    await waitUntil('all to come back', 5, () => state.told.length === 'quickslow'.length + 10)
    expect(state.told).toBe('quickslow0123456789')
    await proxy.set({ mode: 'pass' })
    // At least 200 ms while it lasted; the machine itself may make one of several slow.
    const again: number[] = []
    for (let i = 0; i < 5; i++) again.push(await ask('quick again'))
    expect(Math.min(...again)).toBeLessThan(200)
  })

  test('down: what was open is closed, nothing listens; then the same port again', async () => {
    const { proxy, server } = await proxied()
    const before = await client(proxy)
    await before.ask('hello')
    await proxy.set({ mode: 'down' })
    await waitUntil('the end', 5, () => before.state.ended !== '')
    expect((await client(proxy)).state.ended).toBe('ECONNREFUSED')
    await waitUntil('the server to know', 5, () => server.sockets.size === 0)
    await proxy.set({ mode: 'pass' })
    await (await client(proxy)).ask('again')
  })

  test('reset: connections end in ECONNRESET, open and new ones', async () => {
    const { proxy } = await proxied()
    const before = await client(proxy)
    await before.ask('hello')
    await proxy.set({ mode: 'reset' })
    const during = await client(proxy)
    await waitUntil('both to end', 5, () => before.state.ended !== '' && during.state.ended !== '')
    expect([before.state.ended, during.state.ended]).toEqual(['ECONNRESET', 'ECONNRESET'])
    await proxy.set({ mode: 'pass' })
    await (await client(proxy)).ask('again')
  })

  test('black hole: accepts and passes nothing, nor closings; all of it arrives afterwards', async () => {
    const { proxy, server } = await proxied()
    const before = await client(proxy)
    await before.ask('hello')
    await proxy.set({ mode: 'blackhole' })
    const during = await client(proxy)
    before.socket.write('lost?')
    during.socket.write('lost?')
    const gone = await client(proxy)
    gone.socket.destroy()
    await expect(
      waitUntil('anything', 0.3, () => before.state.told !== 'hello' || during.state.told !== ''),
    ).rejects.toThrow('Not within')
    expect(server.sockets.size).toBe(1)
    await proxy.set({ mode: 'pass' })
    await waitUntil(
      'what was held back',
      5,
      () => `${before.state.told}${during.state.told}` === 'hellolost?lost?',
    )
    await waitUntil('the one that left to be forgotten', 5, () => proxy.count().open === 2)
  })

  test('black hole that forgets: what was open stays dead, what is opened afterwards is well', async () => {
    const { proxy } = await proxied()
    const before = await client(proxy)
    await before.ask('hello')
    await proxy.set({ mode: 'blackhole', forgets: true })
    const during = await client(proxy)
    before.socket.write('lost')
    during.socket.write('lost')
    await proxy.set({ mode: 'pass' })
    await (await client(proxy)).ask('again')
    expect([before.state, during.state]).toEqual([
      { told: 'hello', ended: '' },
      { told: '', ended: '' },
    ])
  })

  test('slow close: the client learns late that the server has closed, and at once when the fault ends', async () => {
    const { proxy, server } = await proxied()
    const [first, second] = [await client(proxy), await client(proxy)]
    await Promise.all([first.ask('1'), second.ask('2')])
    await proxy.set({ mode: 'slow-close', ms: 300 })
    const closedAt = performance.now()
    proxy.dropServers()
    await waitUntil('the server to know', 5, () => server.sockets.size === 0)
    await waitUntil('the client to know', 5, () => first.state.ended !== '')
    expect(performance.now() - closedAt).toBeGreaterThan(280)

    const third = await client(proxy)
    await third.ask('3')
    await proxy.set({ mode: 'slow-close', ms: 60_000 })
    proxy.dropServers()
    await waitUntil('the server to know', 5, () => server.sockets.size === 0)
    await proxy.set({ mode: 'pass' })
    await waitUntil('the client to know', 5, () => third.state.ended !== '')
  })

  test('limit: a connection is closed after so many bytes, an open one after so many more', async () => {
    const { proxy } = await proxied()
    const before = await client(proxy)
    await before.ask('hello')
    await proxy.set({ mode: 'limit', bytes: 10 })
    const during = await client(proxy)
    before.socket.write('1234567')
    during.socket.write('1234567')
    await waitUntil('both to end', 5, () => before.state.ended !== '' && during.state.ended !== '')
    expect([before.state.told, during.state.told]).toEqual(['hello123', '123'])
  })

  test('new connections lead to another server once the target is another; open ones stay where they are', async () => {
    const [one, other] = [await echo('one:'), await echo('other:')]
    const proxy = await faultProxy(one)
    closings.push(proxy.close)
    const before = await client(proxy)
    await before.ask('hello')
    proxy.target = other
    const after = await client(proxy)
    await Promise.all([before.ask('hello'), after.ask('hello')])
    await waitUntil('both answers', 5, () => after.state.told === 'other:hello')
    expect(before.state.told).toBe('one:helloone:hello')
  })

  test('a server that is not there resets the client, as far as a proxy can say that nothing listens', async () => {
    const { proxy } = await proxied()
    proxy.target = { host: '127.0.0.1', port: 1 }
    const { state } = await client(proxy)
    await waitUntil('the end', 5, () => state.ended !== '')
    expect(state.ended).toBe('ECONNRESET')
  })

  test.each<NetworkFault>([
    { mode: 'pass' },
    { mode: 'blackhole', forgets: true },
    { mode: 'latency', ms: 200 },
    { mode: 'slow-close', ms: 60_000 },
    { mode: 'down' },
  ])('closes cleanly, whatever is open: $mode', async (fault) => {
    const { proxy, server } = await proxied()
    const { state, ask, socket } = await client(proxy)
    await ask('hello')
    await proxy.set(fault)
    socket.write('more')
    await proxy.close()
    await waitUntil('both sides to know', 5, () => state.ended !== '' && server.sockets.size === 0)
    expect(proxy.count().open).toBe(0)
    expect((await client(proxy)).state.ended).toBe('ECONNREFUSED')
  })
})
