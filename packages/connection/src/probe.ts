import { lookup } from 'node:dns/promises'
import { connect as dial, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, type PeerCertificate, connect as secure, type TLSSocket } from 'node:tls'
import type { Fault } from 'contract'
import { daysUntil } from './report.ts'
import type { Found } from './steps.ts'
import { within } from './within.ts'

/**
 * The addresses of a host, as the system resolves it (/etc/hosts included); an address is its own.
 * @throws what the resolver says, or an ETIMEDOUT after `timeoutMs`: a lookup knows no deadline
 */
export const resolveName = async (host: string, timeoutMs: number): Promise<string[]> => {
  const late = () => Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'EAI_AGAIN' })
  const found = await within(timeoutMs, lookup(host, { all: true }), late)
  return found.map(({ address }) => address)
}

/**
 * Opens a TCP connection, to the first of a host's addresses that accepts it.
 * @throws what the socket emits, or an ETIMEDOUT after `timeoutMs`
 */
export const openSocket = (host: string, port: number, timeoutMs: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = dial({ host, port, noDelay: true, keepAlive: true })
    socket.setTimeout(timeoutMs, () => socket.destroy(timedOut('TCP connection', timeoutMs)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })

/**
 * Makes a TLS handshake on a TCP connection and closes it again: nothing is sent after it, so a server that fails the
 * verification never sees a login.
 *
 * @param options what `tls.connect` takes; the name is verified against `host` unless it says otherwise
 * @throws what `tls.connect` emits, or an ETIMEDOUT after `timeoutMs`
 */
export const probeTls = (
  socket: Socket,
  { host, ...options }: ConnectionOptions & { host: string },
  timeoutMs: number,
): Promise<Found<'certificate'>> =>
  new Promise<Found<'certificate'>>((resolve, reject) => {
    // An address cannot be sent as a TLS server name (RFC 6066 section 3).
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const secured = secure({ ...servername, ...options, host, socket }, () => {
      resolve(certificateOf(secured))
      secured.destroy()
    })
    const timer = setTimeout(() => secured.destroy(timedOut('TLS handshake', timeoutMs)), timeoutMs)
    keepRefused(secured)
    secured.on('error', reject)
    socket.on('error', reject)
    // A server that closes without a word during the handshake raises 'close' alone.
    secured.on('close', () => {
      clearTimeout(timer)
      reject(new Error('Client network socket disconnected before secure TLS connection was established'))
    })
    // Also where `secure` throws, as it does for a client certificate that it cannot use.
  }).finally(() => socket.destroy())

/** What is found of the certificate where there is no TLS. */
export const notEncrypted: Found<'certificate'> = {
  protocol: null,
  cipher: null,
  verified: false,
  subject: null,
  issuer: null,
  names: [],
  validTo: null,
  daysLeft: null,
}

/** What a TLS handshake settled, of a connection that has made one. */
export const certificateOf = (socket: TLSSocket): Found<'certificate'> => {
  const {
    subject,
    issuer,
    subjectaltname = '',
    valid_to,
  } = socket.getPeerCertificate() as Partial<PeerCertificate>
  // "Bad time value" where a date cannot be read. Nobody would catch an error of it in `keepRefused`.
  const endsAt = Date.parse(valid_to ?? '')
  const validTo = Number.isNaN(endsAt) ? null : new Date(endsAt).toISOString()
  return {
    protocol: socket.getProtocol(),
    cipher: socket.getCipher()?.standardName ?? null,
    verified: socket.authorized,
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    names:
      subjectaltname === ''
        ? []
        : subjectaltname.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
    validTo,
    daysLeft: validTo === null ? null : daysUntil(validTo),
  }
}

/**
 * Has the error of a handshake that fails carry the certificate that was refused, as `certificate`. Before the
 * verification, because that closes the socket, and then there is none any more to tell of.
 */
export const keepRefused = (socket: TLSSocket): void => {
  socket.prependOnceListener('secure', () => {
    const certificate = certificateOf(socket)
    socket.prependOnceListener('error', (error) => Object.assign(error, { certificate }))
  })
}

/**
 * A warning where the certificate ends soon: most are renewed 30 days before. Also where it has ended, which only those
 * who verify nobody come to see, as with MySQL's ssl-mode=REQUIRED.
 */
export const expiryWarning = ({ daysLeft, validTo }: Found<'certificate'>, origin: string): Fault[] => {
  if (daysLeft === null || daysLeft >= 30) return []
  const date = validTo?.slice(0, 10)
  if (daysLeft < 0)
    return [
      {
        origin,
        problem: `the server's certificate has expired (${date})`,
        remedy: 'Renew it: a client that verifies the server does not connect to it.',
      },
    ]
  const when = daysLeft === 0 ? 'within a day' : `in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}`
  return [
    {
      origin,
      problem: `the server's certificate expires ${when} (${date})`,
      remedy: 'Renew it before then: no client will connect afterwards.',
    },
  ]
}

/** The common name where there is one, else the organisation: certificates have either. */
const nameOf = (name: PeerCertificate['subject'] | undefined): string | null =>
  [name?.CN ?? name?.O].flat().join(', ') || null

/** What a time of our own that was over is told as. */
export const timedOut = (what: string, ms: number) =>
  Object.assign(new Error(`no ${what} within ${ms} ms`), { code: 'ETIMEDOUT' })
