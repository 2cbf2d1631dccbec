import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Who may see addresses, names and the user of the database connection. */
export type Details = (typeof detailLevels)[number]
export const detailLevels = ['local', 'everyone', 'nobody'] as const

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the asker may see addresses, names and the user of the database connection. */
    showsDetails(request: FastifyRequest): boolean
  }
}

/** What stands for a reason that would name addresses or the user. */
export const hiddenReason = 'The database cannot be used now. The log says why.'

export const detailsFor =
  (details: Details) =>
  (request: FastifyRequest): boolean =>
    details === 'everyone' || (details === 'local' && isLocal(request))

/**
 * Whether a request comes from this machine and from the stop's own page, or from a program without a page.
 *
 * Several things, because each alone can be had by a page elsewhere: the connection is a loopback one, and not one that
 * a proxy made for somebody else; the Host header says so too, which it does not where a name has been rebound to
 * 127.0.0.1; and the Origin, where a browser sends one, is that of the stop itself.
 */
export const isLocal = ({ headers, socket }: FastifyRequest): boolean => {
  const { host = '', origin } = headers
  const site = headers['sec-fetch-site'] ?? 'none'
  return (
    isLoopbackAddress(socket.remoteAddress ?? '') &&
    !proxyHeaders.some((name) => name in headers) &&
    isLoopbackHost(host) &&
    (origin === undefined || origin === `http://${host}`) &&
    (site === 'none' || site === 'same-origin')
  )
}

/** What proxies add (RFC 7239, RFC 9110 section 7.6.3, and what was there before). */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

const isLoopbackAddress = (address: string): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address)

const isLoopbackHost = (host: string): boolean => {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return isIP(name) === 0 ? name === 'localhost' : isLoopbackAddress(name)
}
