import { generateKeyPairSync, sign } from 'node:crypto'

/**
 * A certificate that is its own authority, and its key, as PEM: made by hand, because what makes certificates makes none
 * whose date cannot be read. Source: RFC 5280 section 4.1.
 *
 * @param notAfter when it ends, as YYMMDDhhmmssZ
 */
export const selfSigned = (notAfter = '491231235959Z'): { cert: string; key: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('db')))
  const name = sequence(der(0x31, commonName))
  const validity = sequence(...['200101000000Z', notAfter].map((time) => der(0x17, Buffer.from(time))))
  const serialNumber = der(0x02, Buffer.of(1))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const unsigned = sequence(serialNumber, ecdsaWithSha256, name, validity, name, spki)
  const signature = der(0x03, Buffer.of(0), sign('sha256', unsigned, privateKey))
  const certificate = sequence(unsigned, ecdsaWithSha256, signature)
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts)
