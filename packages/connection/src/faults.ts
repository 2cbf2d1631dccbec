import type { Fault, StepName } from 'contract'
import type { Found } from './steps.ts'
import { serverOf } from './urls.ts'

/** Where a connection was to go, for the words of a fault. */
export type Target = {
  /** The variable that named the server. */
  variable: string
  host: string
  port: number
  /** The variable that names the certificate authority's file. */
  authorityVariable: string
  /** That file; undefined when those are used that Node.js trusts. */
  authorityFile: string | undefined
}

/** A fault, and the step of the connection at which it shows; without one, it is the step under way. */
export type FaultAt = Fault & { step?: StepName | undefined }

/** A fault as people read it, for the log, /readyz and the page. */
export const sentence = ({ origin, problem, remedy }: Fault): string => `${origin}: ${problem}. ${remedy}`

/** What is there already, or cannot be made, such that a stop cannot work with it: a table, a keyspace. */
export class SchemaFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(sentence(fault))
    this.fault = fault
  }
}

/**
 * Says what a failure of the name, the port or TLS is, where it comes from and what to do.
 *
 * By code where Node.js gives one, otherwise by message, because mysql2 overwrites the code of every TLS failure
 * with HANDSHAKE_SSL_ERROR (sidorares/node-mysql2 #2130, #2581). Returns undefined for any other error.
 */
export const explainNetwork = (error: unknown, target: Target): FaultAt | undefined => {
  const { variable, host, port, authorityVariable, authorityFile } = target
  const server = serverOf({ host, port })
  const at =
    (step: StepName) =>
    (problem: string, remedy: string, origin = variable) => ({
      step,
      origin,
      problem,
      remedy,
    })
  const [name, reach, certificate] = [at('name'), at('port'), at('certificate')]
  for (const { code = '', message, names, seen } of causesOf(error)) {
    const is = (codes: string, text?: RegExp) =>
      (code !== '' && codes.split(' ').includes(code)) || text?.test(message) === true

    if (is('ENOTFOUND', /getaddrinfo ENOTFOUND/))
      return name(`host ${host} not found (ENOTFOUND)`, "Correct the name, or check this machine's DNS.")
    if (is('EAI_AGAIN'))
      return name(`the name server does not answer for ${host} (EAI_AGAIN)`, "Check this machine's DNS.")
    if (is('ERR_TLS_CERT_ALTNAME_INVALID', /does not match certificate's altnames/))
      return certificate(
        `the certificate of ${server} is for ${names ?? 'other names'}; you connect to ${host}`,
        `Connect to a name that it carries, or have one issued for ${host}.`,
      )
    if (is('CERT_HAS_EXPIRED', /certificate has expired/))
      return certificate(`the certificate of ${server} has expired${seen}`, 'Renew it on the server.')
    if (is('CERT_NOT_YET_VALID', /certificate is not yet valid/))
      return certificate(
        `the certificate of ${server} is not valid yet${seen}`,
        'Check the clocks of both machines.',
      )
    if (
      is(
        'DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE CERT_SIGNATURE_FAILURE',
        /self.signed certificate|unable to get (?:local )?issuer certificate|unable to verify the first certificate|certificate signature failure/,
      )
    ) {
      const trusted =
        authorityFile === undefined ? 'Node.js does not trust' : `${authorityFile} does not hold`
      return certificate(
        `the certificate of ${server} is signed by an unknown authority: one that ${trusted}${seen}`,
        `Set ${authorityVariable} to the PEM file of the authority that signed it.`,
        authorityVariable,
      )
    }
    if (
      is(
        'HANDSHAKE_NO_SSL_SUPPORT ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_PACKET_LENGTH_TOO_LONG ECONNRESET',
        /does not support secure connection|wrong version number|packet length too long|before secure TLS connection was established/,
      ) &&
      (code !== 'ECONNRESET' || /before secure TLS/.test(message))
    )
      return certificate(
        message.includes('disconnected')
          ? `${server} closed the connection during the TLS handshake: it speaks no TLS, or is restarting`
          : `${server} speaks no TLS: its answer is not a TLS handshake`,
        'Enable TLS on the server, or correct the port; this client does not fall back to plain text.',
      )
    if (
      is(
        'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION ERR_SSL_UNSUPPORTED_PROTOCOL',
        /unsupported protocol|alert protocol version/,
      )
    )
      return certificate(`${server} offers no TLS 1.2 or later`, 'Enable TLS 1.2 or 1.3 on the server.')
    if (is('', /alert certificate required/))
      return certificate(
        `${server} asks for a client certificate`,
        'Set the variables of the client certificate and its key.',
      )
    // One alert for all of these (RFC 5246 sections 7.2.2 and 7.4.6).
    if (is('', /alert handshake failure/))
      return certificate(
        `${server} refused the TLS handshake: it asks for a client certificate, or shares no cipher or TLS version with this client`,
        'Set the variables of the client certificate and its key, or enable TLS 1.2 or 1.3 on the server with a cipher that Node.js has.',
      )
    if (
      is(
        '',
        /alert (?:bad certificate|unknown ca|unsupported certificate|certificate (?:expired|revoked|unknown))/,
      )
    )
      return certificate(
        `${server} refuses the client certificate`,
        'Set one that its authority signed and that is valid.',
      )
    if (is('ECONNREFUSED'))
      return reach(`nothing listens on ${server} (ECONNREFUSED)`, 'Start the server, or correct the port.')
    // A time of our own that was over (the driver's and the system's messages are others), with something there already.
    if (is('ETIMEDOUT') && /^no (?!TCP).* within \d+ ms$/.test(message))
      return reach(
        `${server} is reached but does not answer (${message})`,
        'It is overloaded, paused or cut off.',
      )
    if (is('ETIMEDOUT EHOSTUNREACH ENETUNREACH EHOSTDOWN EADDRNOTAVAIL'))
      return reach(`${server} cannot be reached (${code})`, 'Check the address, the firewall and the route.')
    if (is('EMFILE ENFILE'))
      return reach(
        `no socket could be opened: too many files are open here (${code})`,
        'Raise the limit (ulimit -n), or find what opens so many.',
      )
    if (is('ECONNRESET EPIPE', /^(?:read|write) (?:ECONNRESET|EPIPE)/))
      return reach(
        `${server} closed the connection (${code})`,
        'It is restarting, or something between cut it.',
      )
    // Whatever else Node.js has against a certificate or a handshake, in its own words: they name no secret.
    if (code === 'HANDSHAKE_SSL_ERROR' || code.startsWith('ERR_SSL_') || verifyFaults.test(message))
      return certificate(
        `the TLS handshake with ${server} failed: ${message}${seen}`,
        'Have a certificate issued that servers may use, or enable what both sides know.',
      )
  }
  return undefined
}

/** Of those that have no sentence of their own above: X509_verify_cert_error_string(3). */
const verifyFaults =
  /^(?:unsupported certificate purpose|(?:EE|CA) .* too weak|certificate (?:revoked|rejected|not trusted)|invalid CA certificate|format error in certificate's)/

type ErrorLike = {
  code?: unknown
  errors?: unknown
  cause?: unknown
  cert?: { subjectaltname?: string }
  certificate?: Found<'certificate'>
}

/** `names`: those in the server's certificate, where it was refused for them; `seen`: what else it says, or ''. */
type Cause = { message: string; seen: string; code?: string; names?: string }

/**
 * An error and everything inside it: Node 20 and later put the attempts of a name with several addresses into an
 * AggregateError whose own message is empty.
 */
export const causesOf = (error: unknown): Cause[] => {
  // By its shape: an error of another realm is no `instanceof Error`, one of cassandra-driver no `Error.isError`.
  if (typeof error !== 'object' || error === null || !('message' in error)) return []
  const { code, errors, cert, cause, certificate } = error as ErrorLike
  const inner = Array.isArray(errors) ? errors.flatMap(causesOf) : []
  // "DNS:a.example.com, IP Address:127.0.0.1"; Node.js's own sentence lists the names of the other kind only.
  const names = cert?.subjectaltname?.replaceAll(/(?:DNS|IP Address):/g, '')
  const own = {
    message: String(error.message),
    seen: certificate === undefined ? '' : ` (${descriptionOf(certificate)})`,
    ...(typeof code === 'string' && { code }),
    ...(names && { names }),
  }
  return [...inner, own, ...causesOf(cause)]
}

const descriptionOf = ({ subject, issuer, validTo }: Found<'certificate'>): string =>
  [
    subject ?? 'no name',
    subject !== null && subject === issuer ? 'issued by itself' : `issued by ${issuer ?? 'nobody'}`,
    ...(validTo === null ? [] : [`valid until ${validTo.slice(0, 10)}`]),
  ].join(', ')
