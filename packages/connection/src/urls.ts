import * as z from 'zod'
import { nearest } from './nearest.ts'

/** One server, as a URL names it; user and password decoded. */
export type ServerUrl = {
  scheme: string
  user: string
  password: string
  /** A name, an IPv4 address or an IPv6 address without its brackets. */
  host: string
  port: number
  /** What follows the first slash after the port, decoded; '' when nothing does. */
  path: string
  /** The parameters after the question mark. */
  options: ReadonlyMap<string, string>
}

/** host:port, an IPv6 address in brackets. */
export const serverOf = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

type Form = {
  /** The schemes that are understood, such as `['https', 'http']`. */
  schemes: readonly string[]
  /** The port where the URL names none. */
  defaultPort: number
  /** The parameters that are understood after the question mark. */
  options?: readonly string[]
  /** A good value, for the error. */
  example: string
}

/**
 * A zod type for an environment variable that holds one or more comma-separated URLs.
 *
 * User and password may be percent-encoded (RFC 3986 section 2.1) or raw: the last `@` ends them, so a raw `/`, `#`,
 * `?` or `@` in a password is understood, and a `%` that starts no escape stands for itself. No message repeats the URL:
 * it holds the password.
 */
export const serverUrls = (form: Form) =>
  z.string().transform((text, context): ServerUrl[] => {
    const urls: ServerUrl[] = []
    // A comma separates only where another URL starts, because a password may hold one.
    for (const [index, part] of text
      .trim()
      .split(/\s*,\s*(?=[a-z][a-z0-9+.-]*:\/\/)/i)
      .entries()) {
      const url = parse(part, form)
      if (!Array.isArray(url)) urls.push(url)
      else {
        const which = text.includes(',') ? `URL ${index + 1}: ` : ''
        const message = `${which}${url.join('; ')}. It looks like ${form.example}`
        context.addIssue({ code: 'custom', message })
      }
    }
    return urls
  })

/** One URL, or everything that is wrong with it. */
const parse = (text: string, form: Form): ServerUrl | string[] => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return [`does not start with ${form.schemes.map((s) => `${s}://`).join(' or ')}`]
  const faults: string[] = []
  if (!form.schemes.includes(scheme))
    faults.push(`the scheme ${scheme}:// is not ${form.schemes.join(' or ')}`)

  const parts =
    /^(?:(.*)@)?(\[[0-9a-f:.]+\]|[^@:/?#[\]]+)(?::([^@/?#]*))?(?:\/([^?#@]*))?(?:\?([^#@]*))?$/is.exec(
      text.slice(scheme.length + 3),
    )
  if (parts === null) return [...faults, 'names no host']
  const [, credentials = '', host = '', port, path = '', query = ''] = parts
  const colon = credentials.indexOf(':')
  // What follows may be the password then, so it is not looked at.
  if (colon < 1) return [...faults, `names no user and password${text.includes('@') ? '' : cutShort}`]
  // Not repeated: where a # has cut off a password with an @ in it, the rest is taken for a host and a port or a parameter.
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535))
    faults.push(`the port is not a number from 1 to 65535${cutShort}`)

  const options = new Map(new URLSearchParams(query))
  const known = form.options ?? []
  for (const name of options.keys()) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    faults.push(
      meant === undefined
        ? `a parameter is not known; known: ${known.join(', ') || 'none'}${cutShort}`
        : `the parameter "${name}" is not known; perhaps ${meant} is meant`,
    )
  }
  if (faults.length > 0) return faults
  return {
    scheme,
    user: decode(credentials.slice(0, colon)),
    password: decode(credentials.slice(colon + 1)),
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? form.defaultPort : Number(port),
    path: decode(path),
    options,
  }
}

const cutShort = ' (in a .env file, a # that is not quoted ends the value)'

/** Decodes what is an escape, and leaves alone a `%` that starts none. */
const decode = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
