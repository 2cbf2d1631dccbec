import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type FieldError, Refused, wrongFields } from './errors.ts'

/**
 * Makes the server read forms and JSON, and nothing else (415). Both are decoded as UTF-8 that must be valid, the
 * percent-escapes of a form too: a usual decoder puts U+FFFD in the place of bytes it cannot read, and the text
 * that was sent would be lost without a word.
 */
export const readBodies = (server: FastifyInstance) => {
  server.removeAllContentTypeParsers()
  // Fastify's own parser refuses keys like __proto__; it only knows strings, so the bytes are decoded before it.
  const parseJson = server.getDefaultJsonParser('error', 'error')

  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    parseJson(request, decode(request, body as Buffer), (error, value) =>
      error ? done(new Refused(400, 'The body is not JSON that this service reads')) : done(null, value),
    )
  })
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parseForm(decode(request, body)),
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const decode = (request: FastifyRequest, body: Buffer): string => {
  const charset =
    /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  if (!/^utf-?8$/i.test(charset)) throw new Refused(415, `The body is in ${charset}: send it in UTF-8`)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new Refused(415, `The body is packed with ${encoding}: send it as it is`)
  try {
    return utf8.decode(body)
  } catch {
    throw new Refused(400, 'The body is not valid UTF-8')
  }
}

/**
 * The fields of a form (https://url.spec.whatwg.org/#urlencoded-parsing); one that is given more than once becomes
 * an array, which no field of the contract is.
 */
const parseForm = (text: string): Record<string, string | string[]> => {
  const fields = new Map<string, string | string[]>()
  const unreadable: FieldError[] = []
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const end = pair.indexOf('=')
    const name = unescaped(end === -1 ? pair : pair.slice(0, end))
    const value = unescaped(end === -1 ? '' : pair.slice(end + 1))
    if (name === undefined || value === undefined) {
      unreadable.push({ field: name ?? 'body', message: 'has a percent-escape that is not valid UTF-8' })
      continue
    }
    const before = fields.get(name)
    // Not copied: a body of `a&a&…` would take a second, in which nobody else is answered.
    if (Array.isArray(before)) before.push(value)
    else fields.set(name, before === undefined ? value : [before, value])
  }
  if (unreadable.length > 0) throw new Refused(400, wrongFields('body', unreadable), unreadable)
  // fromEntries defines properties and never calls a setter, so that __proto__ is an unknown field like any other.
  return Object.fromEntries(fields)
}

/** The text without its escapes; undefined where one is malformed, or the bytes they stand for are not UTF-8. */
const unescaped = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
