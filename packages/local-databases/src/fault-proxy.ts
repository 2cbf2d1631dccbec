import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from './ports.ts'

/** What the network between a client and a server does. Lengths of time are in milliseconds. */
export type NetworkFault =
  /** Everything passes. */
  | { mode: 'pass' }
  /** Every piece of data arrives later by `ms`, give or take up to `jitterMs`, in both directions; the order is kept. */
  | { mode: 'latency'; ms: number; jitterMs?: number }
  /** Nothing listens (ECONNREFUSED), and what was open is closed. */
  | { mode: 'down' }
  /** Every connection, open or new, is reset (RST: ECONNRESET). */
  | { mode: 'reset' }
  /**
   * Connections are accepted and nothing passes, nor do closings. It all arrives when the fault has ended, or, with
   * `forgets`, never: what was open then stays dead, as behind a firewall that has lost its table.
   */
  | { mode: 'blackhole'; forgets?: boolean }
  /** Everything passes, but one side learns `ms` later that the other has closed. */
  | { mode: 'slow-close'; ms: number }
  /** Each connection is closed after so many bytes, counted in both directions together. */
  | { mode: 'limit'; bytes: number }

export type Address = { host: string; port: number }

type Pair = { client: Socket; server: Socket | undefined; bytesLeft: number; isForgotten: boolean }

/** Bytes that may be on their way in one direction before the sender is told to wait. */
const mostOnTheWay = 1024 * 1024

/**
 * A TCP proxy on this machine that does to connections what networks do to them, for tests and for trying things out.
 * It knows nothing of what passes: TLS stays between the client and the server.
 *
 * @param target where connections lead to; `proxy.target` may be set anew, for the connections made from then on
 * @param at where it listens: 127.0.0.1 and a free port unless given
 */
export const faultProxy = async (target: Address, at: Partial<Address> = {}) => {
  const pairs = new Set<Pair>()
  let fault: NetworkFault = { mode: 'pass' }
  let changed = Promise.withResolvers<void>()
  let accepted = 0
  let brokenOff = 0

  const server = createServer(
    { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
    async (client) => {
      accepted++
      const pair: Pair = { client, server: undefined, bytesLeft: allowance(), isForgotten: false }
      pairs.add(pair)
      // What becomes of it is told by 'close'; a client that broke it off (RST) is counted, unless it was the fault's doing.
      client.on('error', () => {
        if (fault.mode === 'pass') brokenOff++
      })
      client.on('close', () => forget(pair))
      if (fault.mode === 'reset') return void client.resetAndDestroy()
      await openAgain(pair)
      if (client.destroyed) return
      pair.server = connect({ ...proxy.target, allowHalfOpen: true, noDelay: true })
      pair.server.on('close', () => forget(pair))
      relay(pair, client, pair.server)
      relay(pair, pair.server, client)
      client.resume()
    },
  )

  /** Passes on, piece after piece and in order, what one side says, its end, and its failure. */
  const relay = (pair: Pair, from: Socket, to: Socket) => {
    let last = Promise.resolve()
    let onTheWay = 0
    const then = (step: () => unknown) => {
      last = last.then(() => openAgain(pair)).then(async () => void (await step()))
    }
    from.on('data', (data: Buffer) => {
      const delayMs = delayOf(fault)
      const dueAt = performance.now() + delayMs
      onTheWay += data.length
      if (onTheWay > mostOnTheWay) from.pause()
      if (delayMs > 0) then(() => wait(Math.max(0, dueAt - performance.now())))
      then(() => {
        const part = data.subarray(0, pair.bytesLeft)
        pair.bytesLeft -= part.length
        if (!to.writable) return
        to.write(part, () => {
          onTheWay -= data.length
          if (onTheWay <= mostOnTheWay) from.resume()
        })
        if (pair.bytesLeft === 0) to.end(() => hangUp(pair))
      })
    })
    from.on('end', () => {
      then(closingArrives)
      then(() => to.end())
    })
    from.on('error', () => {
      then(closingArrives)
      then(() => to.resetAndDestroy())
    })
    from.on('close', () => {
      then(closingArrives)
      then(() => to.destroySoon())
    })
  }

  const allowance = () => (fault.mode === 'limit' ? fault.bytes : Number.POSITIVE_INFINITY)
  /** Resolves at once, or when a black hole has ended. */
  const openAgain = async (pair: Pair) => {
    while (fault.mode === 'blackhole' || pair.isForgotten) await changed.promise
  }
  /** Resolves when the other side may learn of a closing. */
  const closingArrives = async () => {
    if (fault.mode === 'slow-close')
      await Promise.race([wait(fault.ms, undefined, { ref: false }), changed.promise])
  }
  const forget = (pair: Pair) => {
    if (pair.client.destroyed && pair.server?.destroyed !== false) pairs.delete(pair)
  }
  const hangUp = ({ client, server }: Pair) => {
    client.destroy()
    server?.destroy()
  }
  const listen = () => once(server.listen({ host, port, exclusive: true }), 'listening')
  const stopListening = () => new Promise<void>((resolve) => server.close(() => resolve()))

  const { host = '127.0.0.1' } = at
  // Not one that the system hands to outgoing connections: it must still be free when the server is up again.
  const { port = await freePort([host]) } = at
  await listen()
  const proxy = {
    host,
    port,
    target,
    /** Connections that were accepted so far, and how many of them are open. */
    count: () => ({ accepted, open: [...pairs].filter(({ client }) => !client.destroyed).length }),
    /** How many connections their clients have broken off, while everything passed, in place of closing them. */
    brokenOff: () => brokenOff,
    /** Changes what happens to connections, open ones included; resolves when it is so. */
    set: async (next: NetworkFault): Promise<void> => {
      const wasDown = fault.mode === 'down'
      if (fault.mode === 'blackhole' && fault.forgets) for (const pair of pairs) pair.isForgotten = true
      fault = next
      changed.resolve()
      changed = Promise.withResolvers()
      for (const pair of pairs) pair.bytesLeft = allowance()
      if (next.mode === 'reset') {
        for (const { client, server } of pairs) {
          client.resetAndDestroy()
          server?.resetAndDestroy()
        }
      }
      if (next.mode === 'down' && !wasDown) {
        for (const pair of pairs) hangUp(pair)
        await stopListening()
      }
      if (next.mode !== 'down' && wasDown) await listen()
    },
    /** Closes the servers' side of every connection; the clients learn of it by the fault's rules. */
    dropServers: () => {
      for (const { server } of pairs) server?.destroy()
    },
    /** Stops listening and closes every connection. */
    close: async (): Promise<void> => {
      await proxy.set({ mode: 'down' })
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  }
  return proxy
}

export type FaultProxy = Awaited<ReturnType<typeof faultProxy>>

const delayOf = (fault: NetworkFault): number =>
  fault.mode === 'latency' ? fault.ms + (Math.random() * 2 - 1) * (fault.jitterMs ?? 0) : 0
