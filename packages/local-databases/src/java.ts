import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { onPath, outputOf } from './programs.ts'

/**
 * A Java that Cassandra 5 runs on (11 or 17): JAVA_HOME's, the PATH's, or Debian's own place for 17.
 *
 * @throws when there is none, saying what was found instead
 */
export const findJava = async (): Promise<string> => {
  const debian = `/usr/lib/jvm/java-17-openjdk-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/java`
  const home = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : undefined
  const found: string[] = []
  for (const java of [home, await onPath('java'), debian]) {
    if (java === undefined || !(await isThere(java))) continue
    const version = /version "(\d+)/.exec(await outputOf(java, '-version'))?.[1]
    if (version === '17' || version === '11') return java
    found.push(`${java} is ${version ?? 'broken'}`)
  }
  throw new Error(
    found.length === 0 ? 'Java 17 is not installed' : `Java 17 is not installed (${found.join(', ')})`,
  )
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
