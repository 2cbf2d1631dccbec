import { execFile } from 'node:child_process'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from './java.ts'
import { installPackages } from './packages.ts'
import { onPath } from './programs.ts'
import type { Provisioning } from './provision.ts'

const version = '5.0.5'

/** Gets Apache Cassandra from Maven Central (or the mirror that Maven is set up for), and Java 17 where it is missing. */
export const provisionScylla = async ({ folder, onProgress, announce }: Provisioning): Promise<void> => {
  const hasJava = await findJava().then(
    () => true,
    () => false,
  )
  const hasCassandra = await access(join(folder, 'lib', `cassandra-all-${version}.jar`)).then(
    () => true,
    () => false,
  )
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
  if (packages.length > 0) await installPackages(packages, onProgress)
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
  await promisify(execFile)('mvn', args, { cwd: made, maxBuffer: 64 * 2 ** 20 }).catch(
    (error: Error & { stdout?: string }) => {
      throw new Error(`Maven could not get Apache Cassandra: ${(error.stdout ?? error.message).trim()}`)
    },
  )
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
