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
 * What `refine` of a zod object takes, so that a private key has to be that of a certificate; of the first where a file
 * has several, which is the client's. One that is not set, or cannot be used, is told of its own variable.
 */
export const keyOf = (keyName: string, certificateName: string) => {
  const isRight = (set: Record<string, unknown>): boolean => {
    const [certificate, key] = [set[certificateName], set[keyName]] as Partial<PemFile | undefined>[]
    if (certificate?.pem === undefined || key?.pem === undefined) return true
    return new X509Certificate(certificate.pem).checkPrivateKey(createPrivateKey(key.pem))
  }
  // `when`: by default only where nothing else is wrong.
  const rule = { path: [keyName], message: `is not the key of ${certificateName}`, when: () => true }
  return [isRight, rule] as const
}

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
