import 'reflect-metadata' // which @peculiar/x509 asks for, before it
import type { webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** PEM of a member's certificate, of its key, and of both in one file, as Cassandra reads them. */
export type MemberFiles = { certificate: string; key: string; both: string }

/** `expired` is of the same authority, for the same names, and ended yesterday. */
export type MemberCertificates = MemberFiles & { expired: MemberFiles }

type CertificateFiles = {
  /** PEM of the certificate authority: what a client trusts. */
  authority: string
  members: MemberCertificates[]
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 60 * 60 * 1000

/**
 * Certificates for a database's members, by an authority of their own, kept in `directory`.
 *
 * They are made anew when they are missing, are for other names, or end within 30 days. The authority's key is never
 * written: nobody can make a certificate that clients of this database would trust.
 *
 * @param names per member, the DNS names and IP addresses that clients may dial it by
 * @param kind 'expired' ended yesterday, 'ending' ends in ten days; 'wrong-name' is for wrong.example.com only
 */
export const certificatesFor = async (
  directory: string,
  names: readonly (readonly string[])[],
  kind: 'good' | 'expired' | 'ending' | 'wrong-name',
): Promise<CertificateFiles> => {
  const files = filesIn(directory, names.length)
  if (await isUsable(directory, names, kind)) return files
  const made = `${directory}.new`
  await rm(made, { recursive: true, force: true })
  await mkdir(made, { recursive: true, mode: 0o700 })
  const now = Date.now()
  const past = { notBefore: new Date(now - 30 * day), notAfter: new Date(now - day) }
  const validity =
    kind === 'expired'
      ? past
      : { notBefore: new Date(now - day), notAfter: new Date(now + (kind === 'ending' ? 10.5 : 397) * day) }
  const authority = await makeAuthority(new Date(now - 60 * day), new Date(now + 397 * day))
  const targets = filesIn(made, names.length)
  await writeFile(targets.authority, authority.certificate.toString('pem'))
  for (const [index, member] of targets.members.entries()) {
    const subjects = kind === 'wrong-name' ? ['wrong.example.com'] : (names[index] ?? [])
    await writeCertificate(member, authority, subjects, validity)
    await writeCertificate(member.expired, authority, subjects, past)
  }
  const about = { names, kind, notAfter: validity.notAfter, hasExpired: true }
  await writeFile(join(made, 'about.json'), JSON.stringify(about))
  await rm(directory, { recursive: true, force: true })
  await rename(made, directory)
  await chmod(directory, 0o700)
  return files
}

const filesIn = (directory: string, members: number): CertificateFiles => ({
  authority: join(directory, 'authority.pem'),
  members: Array.from({ length: members }, (_, index) => ({
    ...filesOfMember(join(directory, `member-${index + 1}`)),
    expired: filesOfMember(join(directory, `member-${index + 1}.expired`)),
  })),
})

const filesOfMember = (path: string): MemberFiles => ({
  certificate: `${path}.pem`,
  key: `${path}.key`,
  both: `${path}.both.pem`,
})

const isUsable = async (
  directory: string,
  names: readonly (readonly string[])[],
  kind: string,
): Promise<boolean> => {
  const text = await readFile(join(directory, 'about.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const about = JSON.parse(text) as {
    names: string[][]
    kind: string
    notAfter: string
    hasExpired?: boolean
  }
  if (
    about.kind !== kind ||
    about.hasExpired !== true ||
    JSON.stringify(about.names) !== JSON.stringify(names)
  )
    return false
  return kind === 'expired' || Date.parse(about.notAfter) > Date.now() + 30 * day
}

type Authority = { certificate: x509.X509Certificate; keys: webcrypto.CryptoKeyPair }

const makeAuthority = async (notBefore: Date, notAfter: Date): Promise<Authority> => {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Grand Tour local authority',
    keys,
    signingAlgorithm: algorithm,
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys }
}

const writeCertificate = async (
  files: MemberFiles,
  authority: Authority,
  names: readonly string[],
  validity: { notBefore: Date; notAfter: Date },
): Promise<void> => {
  const { certificate, key } = await makeCertificate(authority, names, validity)
  await writeFile(files.certificate, certificate)
  await writeFile(files.key, key, { mode: 0o600 })
  await writeFile(files.both, key + certificate + authority.certificate.toString('pem'), { mode: 0o600 })
}

const makeCertificate = async (
  authority: Authority,
  names: readonly string[],
  validity: { notBefore: Date; notAfter: Date },
): Promise<{ certificate: string; key: string }> => {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // And for clients: what a test shows to a server that asks for a certificate.
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
  }
}
