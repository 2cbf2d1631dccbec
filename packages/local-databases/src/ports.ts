import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A port that is free on every one of the addresses: the preferred one if it is, so that a URL stays true across
 * restarts; else a random one between 20,000 and 30,000, below what Linux hands to outgoing connections.
 */
export const freePort = async (addresses: readonly string[], preferred?: number): Promise<number> => {
  if (preferred !== undefined && (await isFree(addresses, preferred))) return preferred
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 30_000)
    if (await isFree(addresses, port)) return port
  }
  throw new Error(`No free port between 20000 and 30000 on ${addresses.join(', ')}.`)
}

const isFree = async (addresses: readonly string[], port: number): Promise<boolean> => {
  const free = await Promise.all(addresses.map((address) => canListen(address, port)))
  return free.every(Boolean)
}

const canListen = (host: string, port: number): Promise<boolean> => {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false))
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
