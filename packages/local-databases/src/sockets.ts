import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * Whether a CQL server answers there, within a second. That a port accepts connections says nothing: Docker's proxy does
 * so before the server is there. Source: CQL binary protocol v4, OPTIONS, the one request that needs no login.
 */
export const answersCql = (host: string, port: number, isTls: boolean): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // It is only asked whether it is there: nothing that matters is sent, so who it is need not be verified.
  const socket = isTls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
  socket.setTimeout(1000, () => resolve(false))
  socket.once(isTls ? 'secureConnect' : 'connect', () =>
    socket.write(Buffer.from('040000000500000000', 'hex')),
  )
  socket.once('data', () => resolve(true))
  socket.once('error', () => resolve(false))
  socket.once('close', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

/**
 * The version in the greeting that the server sends before anything else, or undefined while it does not.
 * Source: MySQL Client/Server Protocol, Protocol::HandshakeV10.
 */
export const mysqlVersionAt = (host: string, port: number): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host, port, timeout: 1000 })
  socket.once('data', (packet: Buffer) =>
    resolve(packet.subarray(5, packet.indexOf(0, 5)).toString('latin1')),
  )
  socket.once('error', () => resolve(undefined))
  socket.once('timeout', () => resolve(undefined))
  socket.once('close', () => resolve(undefined))
  return promise.finally(() => socket.destroy())
}
