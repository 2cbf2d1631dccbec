import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findJava, type Java } from './java.ts'
import { onPath } from './programs.ts'
import { installed } from './settings.ts'

type MemberOptions = {
  kept: { cluster: string; port: number; network: string }
  host: string
  index: number
  count: number
  certificate: string | undefined
  tls: boolean
  rack?: string
  /** Settings that differ from ours. */
  yaml?: Record<string, unknown>
}

/**
 * The command that a member's own options are added to.
 *
 * @throws when Java 17 or the jars are missing
 */
export const cassandraCommand = async (): Promise<[string, ...string[]]> => {
  const java = await findJava()
  const jars = await jarsOf(installed.cassandra)
  if (jars.length === 0) throw new Error('Apache Cassandra is not installed')
  const archive = classArchiveOf(java)
  return [
    ...(await withoutLocks()),
    java.program,
    // Small and quick to start rather than fast for hours: a serial collector, and no second compiler.
    '-Xms512m',
    '-Xmx512m',
    '-XX:MaxDirectMemorySize=128m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xss256k',
    // An archive of other jars, or of another place, is passed over.
    '-Xshare:auto',
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
    ...modules,
    '-cp',
    jars.join(delimiter),
  ]
}

/**
 * What keeps a member from locking its memory, as the superuser's otherwise do: the whole heap would be taken at its start,
 * 830 MB in place of 350, and a second of processor time.
 */
const withoutLocks = async (): Promise<[string, ...string[]] | []> => {
  const isSuperuser = process.platform === 'linux' && process.getuid?.() === 0
  const program = isSuperuser ? await onPath('setpriv') : undefined
  return program === undefined ? [] : [program, '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock']
}

/** Where class-archive.ts puts the classes that this Java loads while a member starts. */
export const classArchiveOf = ({ build }: Java): string => join(installed.cassandra, `classes-${build}.jsa`)

/** In an order that does not depend on the file system: an archive is for one class path. */
const jarsOf = async (folder: string): Promise<string[]> => {
  const lib = join(folder, 'lib')
  const names = await readdir(lib).catch(() => [])
  return names
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(lib, name))
}

/** What Cassandra 5 uses of the JDK's inside. Source: conf/jvm17-server.options of Apache Cassandra 5.0. */
const modules = [
  ...[
    'java.base/jdk.internal.misc',
    'java.base/java.lang.ref',
    'java.sql/java.sql',
    'jdk.unsupported/sun.misc',
  ]
    .concat(['java.rmi/sun.rmi.registry', 'java.rmi/sun.rmi.server'])
    .concat(['java.management.rmi/com.sun.jmx.remote.internal.rmi', 'jdk.attach/sun.tools.attach'])
    .flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
  ...['java.lang', 'java.lang.module', 'java.lang.reflect', 'java.io', 'java.nio', 'java.util', 'sun.nio.ch']
    .concat(['loader', 'math', 'module', 'ref', 'reflect', 'util.jar'].map((name) => `jdk.internal.${name}`))
    .map((name) => `java.base/${name}`)
    .concat('jdk.management/com.sun.management.internal')
    .flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
  '-Djdk.attach.allowAttachSelf=true',
  '-Dio.netty.tryReflectionSetAccessible=true',
]

/** Writes a member's settings into its folder, and gives back the options that make Java start it. */
export const writeCassandraConfig = async (folder: string, options: MemberOptions): Promise<string[]> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = (name: string) => join(folder, name)
  // JSON is YAML.
  await writeFile(
    file('cassandra.yaml'),
    JSON.stringify({ ...settingsOfMember(folder, options), ...options.yaml }, null, 2),
  )
  await writeFile(
    file('rackdc.properties'),
    `dc=datacenter1\nrack=${options.rack ?? `rack${options.index + 1}`}\n`,
  )
  await writeFile(file('logback.xml'), logback)
  const properties = {
    'cassandra.config': pathToFileURL(file('cassandra.yaml')).href,
    'cassandra-rackdc.properties': pathToFileURL(file('rackdc.properties')).href,
    'logback.configurationFile': file('logback.xml'),
    'cassandra.storagedir': folder,
    'cassandra.logdir': folder,
    'java.io.tmpdir': folder,
    'cassandra-foreground': 'yes',
    // All members are on this machine: nothing to settle, nothing to wait for before or after.
    'cassandra.skip_wait_for_gossip_to_settle': 0,
    'cassandra.ring_delay_ms': 0,
    // Follows ring_delay_ms otherwise: a member that starts slowly is then known before it has told its token, counts
    // as one that never will, is forgotten, and members that have no other seed never hear of each other again.
    'cassandra.gossip_quarantine_delay_ms': 20_000,
    // Not 0: until the others are up, the default role cannot be made, and that is how long it waits between attempts.
    'cassandra.superuser_setup_delay_ms': 100,
    'cassandra.shutdown_announce_in_ms': 0,
    // Roles are on every member, so that login works while others are down.
    'cassandra.system_auth.default_rf': options.count,
    'cassandra.system_distributed.default_rf': 1,
    'cassandra.system_traces.default_rf': 1,
    // The default makes 100,000 rows at every start, to learn what one takes of the heap: a third of the time it needs.
    'cassandra.memtable_row_overhead_computation_step': 1000,
    // Passwords are random, of 144 bits: the slow hash (2^10 rounds, 100 ms of each login) would protect nothing.
    'cassandra.auth_bcrypt_gensalt_log2_rounds': 4,
    'java.net.preferIPv4Stack': true,
  }
  return [
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    'org.apache.cassandra.service.CassandraDaemon',
  ]
}

const settingsOfMember = (folder: string, { kept, host, index, count, certificate, tls }: MemberOptions) => ({
  cluster_name: kept.cluster,
  // One token each, evenly spread: members can start all at once without taking each other's.
  num_tokens: 1,
  initial_token: String(-(2n ** 63n) + (2n ** 64n / BigInt(count)) * BigInt(index)),
  partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
  endpoint_snitch: 'GossipingPropertyFileSnitch',
  auto_bootstrap: false,
  // Each is a seed: a member that is none cannot restart unless a seed is up.
  seed_provider: [
    {
      class_name: 'org.apache.cassandra.locator.SimpleSeedProvider',
      parameters: [
        { seeds: Array.from({ length: count }, (_, seed) => `${kept.network}.${seed + 1}`).join(',') },
      ],
    },
  ],
  listen_address: `${kept.network}.${index + 1}`,
  storage_port: 7000,
  rpc_address: host,
  native_transport_port: kept.port,
  data_file_directories: [join(folder, 'data')],
  commitlog_directory: join(folder, 'commitlog'),
  hints_directory: join(folder, 'hints'),
  saved_caches_directory: join(folder, 'saved_caches'),
  cdc_raw_directory: join(folder, 'cdc_raw'),
  // A write is acknowledged when it is in the log on disk. The default, periodic, acknowledges before; what was written
  // since the log's last sync marker (every 100 ms) is then lost with the process, although the kernel has the bytes.
  commitlog_sync: 'batch',
  commitlog_segment_size: '4MiB',
  auto_snapshot: false,
  authenticator: 'PasswordAuthenticator',
  authorizer: 'AllowAllAuthorizer',
  role_manager: 'CassandraRoleManager',
  // A password that is changed, or a role that is gone, counts at once.
  credentials_validity: '0ms',
  auth_read_consistency_level: 'LOCAL_ONE',
  auth_write_consistency_level: 'ALL',
  client_encryption_options: tls
    ? {
        enabled: true,
        optional: false,
        ssl_context_factory: { class_name: 'org.apache.cassandra.security.PEMBasedSslContextFactory' },
        keystore: certificate,
        require_client_auth: false,
        accepted_protocols: ['TLSv1.3', 'TLSv1.2'],
      }
    : { enabled: false },
  // Below a client's patience: a coordinator that waits for a paused member gives up before the client does.
  read_request_timeout: '1000ms',
  write_request_timeout: '1000ms',
  range_request_timeout: '1000ms',
  key_cache_size: '8MiB',
  file_cache_size: '16MiB',
  networking_cache_size: '16MiB',
  memtable_heap_space: '64MiB',
  memtable_offheap_space: '64MiB',
  concurrent_reads: 16,
  concurrent_writes: 16,
})

const logback = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`
