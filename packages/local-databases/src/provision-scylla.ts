import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureClassArchive } from './class-archive.ts'
import { findJava } from './java.ts'
import { installPackages } from './packages.ts'
import { onPath, run, succeeds } from './programs.ts'
import type { Provisioning } from './provision.ts'

const version = '5.0.5'

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
  const hasMaven = (await onPath('mvn')) !== undefined
  const packages = [
    ...(hasJava ? [] : ['openjdk-17-jre-headless']),
    ...(hasCassandra || hasMaven ? [] : ['maven']),
  ]
  const parts = [
    ...(hasCassandra ? [] : [`Apache Cassandra ${version} from Maven Central (66 MB, into ${folder})`]),
    ...(packages.length === 0 ? [] : [`${packages.join(' and ')} (system packages, 60 to 150 MB)`]),
  ]
  await announce(`For CQL, this installs ${parts.join(' and ')}. Three members take 2.5 GB of memory.`)
  if (packages.length > 0) await installPackages(packages, { signal, onProgress })
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
  await run('mvn', args, { cwd: made, signal }).catch((error: Error & { stdout?: string }) => {
    signal.throwIfAborted()
    throw new Error(`Maven could not get Apache Cassandra: ${(error.stdout ?? error.message).trim()}`)
  })
  await rm(folder, { recursive: true, force: true })
  await rename(made, folder)
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
