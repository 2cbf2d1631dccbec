import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { keepRefused } from 'connection'
import { type AuthPlugin, authPlugins, type Connection as Driver } from 'mysql2'

/**
 * Waits for the server's greeting and leaves it for the driver to read. A MySQL server speaks first: with its protocol
 * version, 10, or with an error packet where it lets nobody in, before any TLS.
 *
 * Without this look, everything else that may listen on a port (HTTPS, SSH, a paused server) is one and the same
 * time-out of the driver, which waits for the rest of a packet.
 *
 * @returns whether the server refused the connection; the driver has the error then
 * @throws NO_GREETING when nothing came within `timeoutMs`, NOT_MYSQL when something else did, ECONNRESET when it closed
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */
export const readGreeting = async (socket: Socket, timeoutMs: number): Promise<{ isRefused: boolean }> => {
  const first = await firstBytes(socket, timeoutMs)
  // Three bytes of length, the number of the packet (0), and what the packet is.
  const kind = first[3] === 0 ? first[4] : undefined
  if (kind === 10 || kind === 255) return { isRefused: kind === 255 }
  socket.destroy()
  throw Object.assign(new Error(`it begins with ${JSON.stringify(readable(first))}`), { code: 'NOT_MYSQL' })
}

const firstBytes = (socket: Socket, timeoutMs: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let first: Buffer = Buffer.alloc(0)
    const end = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const look = () => {
      const bytes: Buffer | null = socket.read()
      if (bytes === null) return
      first = Buffer.concat([first, bytes])
      if (first.length >= 5) begun()
    }
    const begun = () => {
      clearTimeout(timer)
      socket.off('readable', look).off('error', end).off('close', closed)
      // Put back at once: where a refusal was followed by the end, that would be told first otherwise.
      socket.unshift(first)
      resolve(first)
    }
    /** Fewer bytes than a greeting begins with are something else's. */
    const endWith = (error: Error) => (first.length > 0 ? begun() : end(error))
    const closed = () => endWith(Object.assign(new Error('closed before a greeting'), { code: 'ECONNRESET' }))
    const late = Object.assign(new Error(`no greeting within ${timeoutMs} ms`), { code: 'NO_GREETING' })
    const timer = setTimeout(() => endWith(late), timeoutMs)
    socket.on('readable', look).once('error', end).once('close', closed)
  })

/** The beginning of the first line, as far as it is text: "SSH-2.0-OpenSSH_9.2". */
const readable = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[\r\n].*$/s, '')
    .replace(/[^ -~]/g, '.')
    .slice(0, 40)

/**
 * The TLS socket of a connection that is coming about, once its handshake is over and verified.
 *
 * @param socket the plain one, whose place the TLS socket takes as soon as the driver has read the greeting
 * @param loggedIn what becomes of the connection
 * @throws what that throws; with the certificate as `certificate`, where it was refused
 */
export const secured = (driver: Driver, socket: Socket, loggedIn: Promise<unknown>): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    loggedIn.catch(reject)
    // A greeting may come in pieces; with its last the driver takes every listener away.
    socket.on('data', () => {
      // The declared type leaves the stream out.
      const { stream } = driver as unknown as { stream: unknown }
      if (!(stream instanceof TLSSocket)) return
      keepRefused(stream)
      stream.once('secureConnect', () => resolve(stream))
    })
  })

/**
 * The driver's own ways to authenticate, which tell that the server asked for them; the driver keeps no note of it.
 * Where the server asks for none, it took the first one offered: mysql_native_password.
 */
export const authPluginsTelling = (tell: (plugin: string) => void): Record<string, AuthPlugin> => {
  // Not mysql_clear_password: the driver sends a password in the clear as soon as it is given a plugin for it.
  const { caching_sha2_password, mysql_native_password, sha256_password } = authPlugins
  const telling =
    (name: string, plugin: AuthPlugin): AuthPlugin =>
    (metadata) => {
      tell(name)
      return plugin(metadata)
    }
  return {
    caching_sha2_password: telling('caching_sha2_password', caching_sha2_password({})),
    mysql_native_password: telling('mysql_native_password', mysql_native_password({})),
    sha256_password: telling('sha256_password', sha256_password({})),
  }
}
