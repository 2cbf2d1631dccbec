import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import * as z from 'zod'

/** A file in PEM form that a variable names. */
export type PemFile = { path: string; pem: string }

/**
 * A zod type for a variable that names a PEM file of one or more certificates; the file is read at once, so that a
 * wrong path is told with the other wrong variables and not when the first connection fails.
 */
export const certificateFile = () =>
  pemFile((pem) => {
    const blocks = pem.match(
      /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]*CERTIFICATE-----/g,
    )
    if (blocks === null) return `holds no PEM certificate (-----BEGIN CERTIFICATE-----)${whatItHolds(pem)}`
    // Also as it stands: a line that is missing between two of them is a fault to TLS.
    for (const text of [pem, ...blocks]) new X509Certificate(text)
    return undefined
  })

/** A zod type for a variable that names a PEM file of a private key without a passphrase. */
export const privateKeyFile = () =>
  pemFile((pem) => {
    if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return `holds no PEM private key${whatItHolds(pem)}`
    createPrivateKey(pem)
    return undefined
  })

/**
 * Whether a private key is that of a certificate; of the first where a file has several, which is the
 * client's. Also true where one of the two is not set, or cannot be used, which is told of its own variable.
 */
export const isKeyOf = (certificate?: Partial<PemFile>, key?: Partial<PemFile>): boolean =>
  certificate?.pem === undefined ||
  key?.pem === undefined ||
  new X509Certificate(certificate.pem).checkPrivateKey(createPrivateKey(key.pem))

const pemFile = (faultOf: (pem: string) => string | undefined) =>
  z.string().transform((path, context): PemFile => {
    try {
      const pem = readFileSync(path, 'utf8')
      const fault = faultOf(pem)
      if (fault === undefined) return { path, pem }
      context.addIssue({ code: 'custom', message: `${path} ${fault}` })
    } catch (error) {
      context.addIssue({ code: 'custom', message: `${path} ${reasonOf(error, path)}` })
    }
    return z.NEVER
  })

const whatItHolds = (pem: string): string => {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1]
  return label === undefined ? '' : `, but a ${label.toLowerCase()}`
}

const reasonOf = (error: unknown, path: string): string => {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return isAbsolute(path)
      ? 'does not exist. Give the path of an existing PEM file'
      : `does not exist in ${process.cwd()}. Give the whole path of an existing PEM file`
  if (code === 'EACCES') return 'may not be read by this user. Grant read permission'
  if (code === 'EISDIR') return 'is a directory. Give the path of the PEM file in it'
  return `cannot be used: ${message}`
}
