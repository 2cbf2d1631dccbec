import { closeSync, existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { classArchiveOf } from './cassandra-config.ts'
import { findJava } from './java.ts'
import { lockDirectory } from './lock.ts'
import { startNativeCassandra } from './native-cassandra.ts'
import type { Provisioning } from './provision.ts'
import { settingsOf } from './settings.ts'

/** The first Java that can write such an archive; on an earlier one, members start without. */
const leastRelease = 13

/**
 * Has Java write down, once, the 8,000 classes that a member loads while it starts, parsed and verified: each later
 * start then takes a quarter less of the processor. Does nothing where that was done for this build of Java.
 * Source: https://openjdk.org/jeps/350
 */
export const ensureClassArchive = async ({
  signal,
  onProgress,
}: Pick<Provisioning, 'signal' | 'onProgress'>): Promise<void> => {
  const java = await findJava()
  const archive = classArchiveOf(java)
  if (java.release < leastRelease || existsSync(archive)) return
  onProgress('Starting Cassandra once, so that Java learns what it loads and starts it faster from now on')
  const directory = await mkdtemp(join(tmpdir(), 'class-archive-'))
  const lock = lockDirectory(directory) as number // nobody else knows it
  const ends: (() => Promise<void>)[] = []
  try {
    await startNativeCassandra(
      settingsOf('scylla', { directory, members: 1 }),
      {
        signal,
        onEnd: (end) => ends.push(end),
        onProgress: () => {},
        lock,
      },
      { javaOptions: [`-XX:ArchiveClassesAtExit=${archive}.new`], endSeconds: 60 },
    ).finally(() => Promise.all(ends.map((end) => end())))
    await rename(`${archive}.new`, archive)
  } finally {
    closeSync(lock)
    await rm(directory, { recursive: true })
  }
}
