import type { FastifyInstance } from 'fastify'

/**
 * What every answer says to browsers: the page may load scripts, styles and data from here and nowhere else, and be
 * framed by nobody (https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html).
 */
export const setSecurityHeaders = (server: FastifyInstance) => {
  server.addHook('onRequest', (_, reply, done) => {
    reply.headers(securityHeaders)
    done()
  })
}

/** Also for what no hook is called for. */
export const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-store', // but for the files of the page: page.ts
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}
