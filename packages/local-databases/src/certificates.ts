import 'reflect-metadata' // which @peculiar/x509 asks for, before it
import type { webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

export type CertificateFiles = {
  /** PEM of the certificate authority: what a client trusts. */
  authority: string
  /** Per member: PEM of its certificate, of its key, and of both in one file, as Cassandra reads them. */
  members: { certificate: string; key: string; both: string }[]
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
 * @param kind 'expired' ended yesterday; 'wrong-name' is for wrong.example.com only
 */
export const certificatesFor = async (
  directory: string,
  names: readonly (readonly string[])[],
  kind: 'good' | 'expired' | 'wrong-name',
): Promise<CertificateFiles> => {
  const files = filesIn(directory, names.length)
  if (await isUsable(directory, names, kind)) return files
  const made = `${directory}.new`
  await rm(made, { recursive: true, force: true })
  await mkdir(made, { recursive: true, mode: 0o700 })
  const now = Date.now()
  const validity =
    kind === 'expired'
      ? { notBefore: new Date(now - 30 * day), notAfter: new Date(now - day) }
      : { notBefore: new Date(now - day), notAfter: new Date(now + 397 * day) }
  const authority = await makeAuthority(new Date(now - 60 * day), new Date(now + 397 * day))
  const targets = filesIn(made, names.length)
  await writeFile(targets.authority, authority.certificate.toString('pem'))
  for (const [index, member] of targets.members.entries()) {
    const subjects = kind === 'wrong-name' ? ['wrong.example.com'] : (names[index] ?? [])
    const { certificate, key } = await makeCertificate(authority, subjects, validity)
    await writeFile(member.certificate, certificate)
    await writeFile(member.key, key, { mode: 0o600 })
    await writeFile(member.both, key + certificate + authority.certificate.toString('pem'), { mode: 0o600 })
  }
  await writeFile(join(made, 'about.json'), JSON.stringify({ names, kind, notAfter: validity.notAfter }))
  await rm(directory, { recursive: true, force: true })
  await rename(made, directory)
  await chmod(directory, 0o700)
  return files
}

const filesIn = (directory: string, members: number): CertificateFiles => ({
  authority: join(directory, 'authority.pem'),
  members: Array.from({ length: members }, (_, index) => ({
    certificate: join(directory, `member-${index + 1}.pem`),
    key: join(directory, `member-${index + 1}.key`),
    both: join(directory, `member-${index + 1}.both.pem`),
  })),
})

const isUsable = async (
  directory: string,
  names: readonly (readonly string[])[],
  kind: string,
): Promise<boolean> => {
  const text = await readFile(join(directory, 'about.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const about = JSON.parse(text) as { names: string[][]; kind: string; notAfter: string }
  if (about.kind !== kind || JSON.stringify(about.names) !== JSON.stringify(names)) return false
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
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
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
