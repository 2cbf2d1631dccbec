import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { certificatesFor } from '../src/certificates.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)

const names = [['localhost', '127.0.0.1', '::1']]

test('a certificate is for its names, signed by the authority, and its key is for this user only', async () => {
  const files = await certificatesFor(join(freshDirectory(), 'c'), names, 'good')
  const authority = new X509Certificate(readFileSync(files.authority))
  const [member] = files.members
  const certificate = new X509Certificate(readFileSync(member?.certificate ?? ''))
  expect(certificate.checkIssued(authority) && certificate.verify(authority.publicKey)).toBe(true)
  expect(certificate.checkHost('localhost')).toBe('localhost')
  expect(certificate.checkIP('::1')).toBeDefined()
  expect(certificate.checkHost('example.com')).toBeUndefined()
  expect(statSync(member?.key ?? '').mode & 0o777).toBe(0o600)
  expect(statSync(member?.both ?? '').mode & 0o777).toBe(0o600)
})

test('each has one beside it that has expired, for the same names and of the same authority', async () => {
  const { authority, members } = await certificatesFor(join(freshDirectory(), 'c'), names, 'good')
  const [member] = members
  const certificate = new X509Certificate(readFileSync(member?.expired.certificate ?? ''))
  expect(certificate.verify(new X509Certificate(readFileSync(authority)).publicKey)).toBe(true)
  expect(certificate.checkIP('127.0.0.1')).toBeDefined()
  expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(member?.expired.key ?? '')))).toBe(true)
  expect(Date.parse(certificate.validTo)).toBeLessThan(Date.now())
  const good = new X509Certificate(readFileSync(member?.certificate ?? ''))
  expect(Date.parse(good.validTo)).toBeGreaterThan(Date.now())
})

test('certificates are kept, and made anew for other names and within 30 days of their end', async () => {
  const directory = join(freshDirectory(), 'c')
  const make = async (for_: string[][]) =>
    readFileSync((await certificatesFor(directory, for_, 'good')).authority, 'utf8')
  const first = await make(names)
  expect(await make(names)).toBe(first)
  const other = await make([['example.org']])
  expect(other).not.toBe(first)
  const aboutFile = join(directory, 'about.json')
  const about = JSON.parse(readFileSync(aboutFile, 'utf8')) as { notAfter: string }
  const inDays = (days: number) => new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString()
  writeFileSync(aboutFile, JSON.stringify({ ...about, notAfter: inDays(31) }))
  expect(await make([['example.org']])).toBe(other)
  writeFileSync(aboutFile, JSON.stringify({ ...about, notAfter: inDays(29) }))
  expect(await make([['example.org']])).not.toBe(other)
})
