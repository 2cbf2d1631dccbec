// Makes the certificates of docker/compose.yaml, in the directory that is given: an authority, and one certificate per
// database server, each in a folder that only this server gets to see. Those that are still good stay as they are.
import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificatesFor } from 'local-databases/certificates'

const servers = ['scylla-1', 'scylla-2', 'scylla-3', 'mysql']

const makeCertificates = async (directory: string): Promise<void> => {
  const names = servers.map((server) => [server, 'localhost', '127.0.0.1'])
  const { authority, members } = await certificatesFor(join(directory, 'made', 'tour'), names, 'good')
  await copyReadable(authority, join(directory, 'authority', 'authority.pem'))
  for (const [index, { certificate, key }] of members.entries()) {
    const folder = join(directory, servers[index] ?? '')
    await copyReadable(certificate, join(folder, 'member.pem'))
    await copyReadable(key, join(folder, 'member.key'))
  }
}

/** Readable by every user of the container that has the volume: servers run as users of their own, whose ids we don't know. */
const copyReadable = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to)
  await chmod(to, 0o644)
}

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('Usage: node scripts/make-certificates.ts DIRECTORY')
await makeCertificates(directory)
