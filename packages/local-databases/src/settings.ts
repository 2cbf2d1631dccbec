import { join } from 'node:path'

export type Kind = 'scylla' | 'mysql'
export type Way = 'given' | 'docker' | 'native'

/** What a lease asks for. All of it may be left out. */
export type LeaseOptions = {
  /** Where data, certificates and logs are kept; unless given, `<kind>` in LOCAL_DATABASES or in `.local`. */
  directory?: string
  /** CQL members; three unless there is too little memory. MySQL has one. */
  members?: 1 | 2 | 3
  /** A certificate that clients have to refuse or to warn of, for tests; 'good' unless given. */
  certificate?: 'good' | 'expired' | 'ending' | 'wrong-name'
  /** false: the server speaks no TLS at all; true unless given. */
  tls?: boolean
  /** Which server is to speak MySQL's protocol; mysqld where there is a real one unless given. In Docker it is mysqld. */
  server?: 'mysqld' | 'mariadbd'
  /** For tests of clusters that are hard to use: how each member of a native Apache Cassandra differs from ours. */
  cassandra?: readonly { rack?: string; yaml?: Record<string, unknown> }[]
  /** Take this way or fail; the first that works unless given. */
  way?: 'docker' | 'native'
  /** Told, in words, what is being waited for; what begins with "Warning:" is to be seen by whoever started it. */
  onProgress?: (line: string) => void
  /** Once aborted, a lease that is not granted yet is given up. */
  signal?: AbortSignal
}

/** The options as the owner of a database gets them. */
export type Settings = Required<Pick<LeaseOptions, 'directory' | 'certificate' | 'tls'>> &
  Pick<LeaseOptions, 'members' | 'server' | 'cassandra' | 'way'> & { kind: Kind }

/** One server process or container, and where a client on this machine dials it. */
export type Member = { name: string; host: string; port: number }

/**
 * `expire` gives the server a certificate that has expired, and `renew` its own again; where it runs it starts anew with
 * it, else it has it when it is started.
 */
export type ControlAction = 'kill' | 'stop' | 'start' | 'pause' | 'resume' | 'expire' | 'renew'

/** A database that runs, as its owner holds it. */
export type Running = {
  way: Way
  /** The variables that a stop connects with. */
  env: Record<string, string>
  /** The URL of a user who may do anything, for tests that look at the server or change it. */
  admin: string
  members: Member[]
  /** What was chosen where the settings left a choice. */
  chosen: { way: Way; members: number; server?: string }
  control: (member: number, action: ControlAction) => Promise<void>
}

/** What starting a database is given: `signal` aborts it, `onEnd` is called, last first, when it is to end. */
export type Context = {
  signal: AbortSignal
  onEnd: (end: () => Promise<void>) => void
  onProgress: (line: string) => void
  /** The locked file's descriptor: whoever inherits it keeps the directory locked. */
  lock: number
}

const repositoryRoot = join(import.meta.dirname, '../../..')
/** Where provisioning puts what is too large or too new for the machine's packages. */
export const installed = {
  mysql: join(repositoryRoot, '.local/mysql-server'),
  cassandra: join(repositoryRoot, '.local/cassandra'),
  /** Per server and version, a data directory that is new, to be copied. */
  newData: join(repositoryRoot, '.local/new-data'),
}

/** The settings of a lease with everything filled in that does not depend on the machine. */
export const settingsOf = (kind: Kind, options: LeaseOptions): Settings => ({
  kind,
  directory: options.directory ?? join(process.env.LOCAL_DATABASES || join(repositoryRoot, '.local'), kind),
  certificate: options.certificate ?? 'good',
  tls: options.tls ?? true,
  ...(options.members !== undefined && { members: options.members }),
  ...(options.server !== undefined && { server: options.server }),
  ...(options.cassandra !== undefined && { cassandra: options.cassandra }),
  ...(options.way !== undefined && { way: options.way }),
})
