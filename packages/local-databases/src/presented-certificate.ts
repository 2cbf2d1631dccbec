import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { MemberCertificates, MemberFiles } from './certificates.ts'
import type { serverProcess } from './server-process.ts'
import type { ControlAction } from './settings.ts'

/**
 * The files that a server reads when it starts: copies, so that an expired certificate can take the place of the good
 * one for a while. It begins with the good one, whatever was there when this folder was last in use.
 */
export const presentedCertificate = async (folder: string, { expired, ...good }: MemberCertificates) => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files: MemberFiles = {
    certificate: join(folder, 'certificate.pem'),
    key: join(folder, 'key.pem'),
    both: join(folder, 'both.pem'),
  }
  const present = async (source: MemberFiles) => {
    for (const name of ['certificate', 'key', 'both'] as const) {
      await copyFile(source[name], `${files[name]}.new`)
      await rename(`${files[name]}.new`, files[name])
    }
  }
  await present(good)

  /** What a server does, and the change of its certificate, for which it starts anew where it runs. */
  const controlOf =
    (process: ReturnType<typeof serverProcess>) =>
    async (action: ControlAction): Promise<void> => {
      if (action !== 'expire' && action !== 'renew') return process.control(action)
      await present(action === 'expire' ? expired : good)
      if (!process.isRunning) return
      // Not an orderly end: for that, Cassandra takes longer than to start.
      await process.control('kill')
      await process.control('start')
    }
  return { files, controlOf }
}
