import { type ConnectionOptions, connect } from 'node:tls'
import { isAddress } from './names.ts'

/** What one TLS handshake settled. */
export type TlsFacts = {
  /** Such as `TLSv1.3`. */
  protocol: string
  /** Such as `TLS_AES_256_GCM_SHA384`. */
  cipher: string
  /** The end of the server certificate's validity. */
  validTo: Date
}

/**
 * Makes one TLS handshake and closes the socket again: nothing is sent after it, so a server that fails the
 * verification never sees a login.
 *
 * @param options what `tls.connect` takes; the name is verified against `host` unless it says otherwise
 * @throws what `tls.connect` emits, or an ETIMEDOUT after `timeoutMs`
 */
export const probeTls = (
  { host, port, ...options }: ConnectionOptions & { host: string; port: number },
  timeoutMs: number,
): Promise<TlsFacts> =>
  new Promise((resolve, reject) => {
    const servername = isAddress(host) ? {} : { servername: host }
    const socket = connect({ host, port, ...servername, ...options }, () => {
      resolve({
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().standardName,
        validTo: new Date(socket.getPeerCertificate().valid_to),
      })
      socket.destroy()
    })
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(
        Object.assign(new Error(`no TLS handshake within ${timeoutMs} ms`), { code: 'ETIMEDOUT' }),
      )
    })
    socket.on('error', reject)
    // A server that closes without a word during the handshake raises 'close' alone.
    socket.on('close', () =>
      reject(new Error('Client network socket disconnected before secure TLS connection was established')),
    )
  })
