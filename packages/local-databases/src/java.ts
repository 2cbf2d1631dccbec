import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { onPath, outputOf, succeeds } from './programs.ts'

export type Java = {
  program: string
  /** The release that it is of, such as 17, and the very build, such as 17.0.15+6-Debian-1deb12u1. */
  release: number
  build: string
}

/**
 * A Java that Cassandra 5 runs on (11 or 17): JAVA_HOME's, the PATH's, or Debian's own place for 17.
 *
 * @throws when there is none, saying what was found instead
 */
export const findJava = async (): Promise<Java> => {
  const debian = `/usr/lib/jvm/java-17-openjdk-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/java`
  const home = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : undefined
  const found: string[] = []
  for (const program of [home, await onPath('java'), debian]) {
    if (program === undefined || !(await isThere(program))) continue
    const said = await outputOf(program, '-version')
    const release = Number(/version "(\d+)/.exec(said)?.[1])
    const build = /\(build ([^,)\s]+)/.exec(said)?.[1] ?? ''
    if (release === 17 || release === 11) return { program, release, build }
    found.push(`${program} is ${release || 'broken'}`)
  }
  throw new Error(
    found.length === 0 ? 'Java 17 is not installed' : `Java 17 is not installed (${found.join(', ')})`,
  )
}

const isThere = (file: string): Promise<boolean> => succeeds(access(file))
