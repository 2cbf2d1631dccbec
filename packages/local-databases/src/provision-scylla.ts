import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureClassArchive } from './class-archive.ts'
import { findJava } from './java.ts'
import { installPackages, notInApt } from './packages.ts'
import { onPath, run, succeeds, withUtf8 } from './programs.ts'
import type { Provisioning } from './provision.ts'

const version = '5.0.5'
/** Cassandra 5.0 runs on 11 and 17 only; Java 21 is for the next one (CASSANDRA-18831). */
const java = 'openjdk-17-jre-headless'

/**
 * Gets Apache Cassandra from Maven Central (or the mirror that Maven is set up for), Java 17 where it is missing, and
 * what lets this Java start it faster.
 */
export const provisionScylla = async (provisioning: Provisioning): Promise<void> => {
  await installCassandra(provisioning)
  await ensureClassArchive(provisioning).catch((error: Error) => {
    provisioning.signal.throwIfAborted()
    provisioning.onProgress(`Warning: Cassandra will start more slowly than it could (${error.message})`)
  })
}

const installCassandra = async ({ folder, signal, onProgress, announce }: Provisioning): Promise<void> => {
  const hasJava = await succeeds(findJava())
  const hasCassandra = await succeeds(access(join(folder, 'lib', `cassandra-all-${version}.jar`)))
  if (hasJava && hasCassandra) return
  if (!hasJava) await requireJavaOfApt()
  const hasMaven = (await onPath('mvn')) !== undefined
  const packages = [...(hasJava ? [] : [java]), ...(hasCassandra || hasMaven ? [] : ['maven'])]
  const parts = [
    ...(hasCassandra ? [] : [`Apache Cassandra ${version} from Maven Central (66 MB, into ${folder})`]),
    ...(packages.length === 0 ? [] : [`${packages.join(' and ')} (system packages, 60 to 150 MB)`]),
  ]
  await announce(`For CQL, this installs ${parts.join(' and ')}. Three members take 2.5 GB of memory.`)
  if (packages.length > 0)
    await installPackages(packages, { signal, onProgress }).catch(async (error) => {
      if (!hasJava) await requireJavaOfApt() // it may have read its lists only now
      throw error
    })
  if (hasCassandra) return
  onProgress(`Downloading Apache Cassandra ${version}`)
  const made = `${folder}.new`
  await rm(made, { recursive: true, force: true })
  await mkdir(made, { recursive: true })
  await writeFile(join(made, 'pom.xml'), pom)
  const goal = 'dependency:copy-dependencies'
  const args = [
    '--quiet',
    '--batch-mode',
    goal,
    '-DincludeScope=runtime',
    `-DoutputDirectory=${join(made, 'lib')}`,
  ]
  await run('mvn', args, { cwd: made, signal, env: withUtf8() }).catch(
    (error: Error & { stdout?: string }) => {
      signal.throwIfAborted()
      throw new Error(`Maven could not get Apache Cassandra: ${(error.stdout ?? error.message).trim()}`)
    },
  )
  await rm(folder, { recursive: true, force: true })
  await rename(made, folder)
}

/** @throws where apt has no Java that Cassandra runs on, as on Debian 13, with the ways that there are */
const requireJavaOfApt = async (): Promise<void> => {
  if ((await notInApt([java])).length === 0) return
  throw new Error(
    `Apache Cassandra needs Java 17, and this machine's apt has no ${java}. Start Docker, set ` +
      'COMPOSE_SCYLLA_URL to a database of your own, or set JAVA_HOME to where a Java 17 is.',
  )
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>cassandra</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`
