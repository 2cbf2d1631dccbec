import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'

/**
 * A small JSON file that survives restarts, readable by this user only (mode 0600): ports and passwords.
 *
 * @returns what is in it, over `initial`, and a function that replaces it at once or not at all
 */
export const keptIn = async <T extends object>(file: string, initial: T) => {
  const text = await readFile(file, 'utf8').catch(() => '{}')
  const kept: T = { ...initial, ...(JSON.parse(text) as Partial<T>) }
  const save = async (): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(kept, null, 2), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  return { kept, save }
}

/** A random password of letters and digits, which needs no escaping in URLs, SQL or CQL. */
export const randomPassword = (): string => randomBytes(18).toString('hex')
