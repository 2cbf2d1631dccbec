import * as z from 'zod'

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
 * `?` or `@` in a password is understood, and a `%` that starts no escape stands for itself. No message repeats the URL: it holds the
 * password.
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
      if (typeof url !== 'string') urls.push(url)
      else {
        const which = text.includes(',') ? `URL ${index + 1}: ` : ''
        context.addIssue({ code: 'custom', message: `${which}${url}. It looks like ${form.example}` })
      }
    }
    return urls
  })

/** One URL, or what is wrong with it. */
const parse = (text: string, form: Form): ServerUrl | string => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return `does not start with ${form.schemes.map((s) => `${s}://`).join(' or ')}`
  if (!form.schemes.includes(scheme)) return `the scheme ${scheme}:// is not ${form.schemes.join(' or ')}`

  const parts =
    /^(?:(.*)@)?(\[[0-9a-f:.]+\]|[^@:/?#[\]]+)(?::([^@/?#]*))?(?:\/([^?#@]*))?(?:\?([^#@]*))?$/is.exec(
      text.slice(scheme.length + 3),
    )
  if (parts === null) return 'names no host'
  const [, credentials, host = '', port, path = '', query = ''] = parts
  if (credentials === undefined) return 'names no user and password'
  const colon = credentials.indexOf(':')
  if (colon < 1) return 'names no user and password'
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535))
    return `the port "${port}" is not a number from 1 to 65535`

  const options = new Map(new URLSearchParams(query))
  const known = form.options ?? []
  for (const name of options.keys()) {
    if (!known.includes(name))
      return `the parameter "${name}" is not known${known.length === 0 ? '' : `; known: ${known.join(', ')}`}`
  }
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

/** Decodes what is an escape, and leaves alone a `%` that starts none. */
const decode = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
