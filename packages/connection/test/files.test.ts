import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, expect, test } from '@jest/globals'
import { certificateFile, privateKeyFile } from '../src/files.ts'

const folder = mkdtempSync(join(tmpdir(), 'pem-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (text: string): string => {
  const path = join(folder, `${Math.random()}.pem`)
  writeFileSync(path, text)
  return path
}
const certificates = rootCertificates.slice(0, 2).join('\n')
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

const faultOf = (type: ReturnType<typeof certificateFile>, path: string) =>
  type.safeParse(path).error?.issues[0]?.message

test('a file of certificates is read, whole', () => {
  const path = file(`a comment\n${certificates}`)
  expect(certificateFile().parse(path)).toEqual({ path, pem: `a comment\n${certificates}` })
})

test('a private key is read', () => {
  const path = file(key)
  expect(privateKeyFile().parse(path)).toEqual({ path, pem: key })
})

test('what cannot be used is named, with what would be right', () => {
  expect(faultOf(certificateFile(), '/nowhere/ca.pem')).toBe(
    '/nowhere/ca.pem does not exist. Give the path of an existing PEM file',
  )
  expect(faultOf(certificateFile(), './ca.pem')).toBe(
    `./ca.pem does not exist in ${process.cwd()}. Give the whole path of an existing PEM file`,
  )
  expect(faultOf(certificateFile(), folder)).toBe(
    `${folder} is a directory. Give the path of the PEM file in it`,
  )
  expect(faultOf(certificateFile(), file(key))).toMatch(/holds no PEM certificate .*, but a private key$/)
  expect(faultOf(certificateFile(), file('hello'))).toMatch(
    /holds no PEM certificate \(-----BEGIN CERTIFICATE-----\)$/,
  )
  expect(
    faultOf(certificateFile(), file('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')),
  ).toMatch(/cannot be used/)
  expect(faultOf(certificateFile(), file(certificates.replace('-----\n-----', '----------')))).toMatch(
    /cannot be used/,
  )
  expect(faultOf(privateKeyFile(), file(certificates))).toMatch(
    /holds no PEM private key, but a certificate$/,
  )
})

test('no part of a private key reaches a message', () => {
  const broken = key.replace(/[A-Za-z0-9+/]{20}/, 'x'.repeat(20))
  const message = faultOf(privateKeyFile(), file(broken))
  expect(message).toMatch(/cannot be used/)
  expect(broken.split('\n').filter((line) => line !== '' && message?.includes(line))).toEqual([])
})
