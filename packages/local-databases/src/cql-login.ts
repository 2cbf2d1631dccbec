import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import cassandra from 'cassandra-driver'
import type { Context } from './settings.ts'

type Address = { host: string; port: number }
type Cluster = {
  members: readonly Address[]
  /** PEM file of the authority; undefined where the members speak no TLS. */
  authority: string | undefined
  /** false for certificates that are wrong on purpose. */
  isExpectedToVerify: boolean
  /** Gives a row for each member that is up, as the member asked sees it; undefined where there is no such table. */
  upQuery?: string
}
type Passwords = { tour: string; admin: string }

/**
 * Makes the roles `tour` (may log in) and `admin` (superuser), with random passwords, where they are missing, and takes
 * away the default superuser, whose password everybody knows.
 */
export const ensureRoles = async (
  cluster: Cluster,
  passwords: Passwords,
  context: Context,
): Promise<void> => {
  const [member] = cluster.members
  if (member === undefined) return
  const asAdmin = () => login(cluster, member, 'admin', passwords.admin)
  const known = await asAdmin().catch(() => undefined)
  if (known === undefined) await makeRoles(cluster, member, passwords, context)
  const admin = known ?? (await eventually(context.signal, 20, asAdmin))
  // At every start: an earlier one may have been ended between making the administrator and this.
  await eventually(context.signal, 60, () => admin.execute('DROP ROLE IF EXISTS cassandra')).finally(() =>
    admin.shutdown(),
  )
}

const makeRoles = async (
  cluster: Cluster,
  member: Address,
  passwords: Passwords,
  { signal, onProgress }: Context,
): Promise<void> => {
  onProgress('Making the roles to log in with')
  const first = await eventually(signal, 20, () => login(cluster, member, 'cassandra', 'cassandra'))
  try {
    const create = (role: string, password: string, more: string) =>
      eventually(signal, 20, () =>
        first.execute(
          `CREATE ROLE IF NOT EXISTS ${role} WITH PASSWORD = '${password}' AND LOGIN = true${more}`,
        ),
      )
    await create('tour', passwords.tour, '')
    await create('admin', passwords.admin, ' AND SUPERUSER = true')
  } finally {
    await first.shutdown()
  }
}

/**
 * Waits until each member, asked directly, knows every other one and sees it up. Cassandra has no table that says so,
 * but a read at consistency ALL of a table that every member has a copy of: it fails at once while the member that is
 * asked holds one of the others for down.
 */
export const everyMemberAnswers = async (cluster: Cluster, passwords: Passwords, signal: AbortSignal) => {
  const count = cluster.members.length
  const check = async (member: Address): Promise<void> => {
    // The administrator: another may have to be allowed to read this table first.
    const client = await login(cluster, member, 'admin', passwords.admin)
    try {
      const peers = await client.execute('SELECT rpc_address FROM system.peers')
      const known = peers.rows.filter((row) => row.rpc_address !== null).length
      if (known !== count - 1) throw new Error(`${member.host} knows ${known} of ${count - 1} other members`)
      if (cluster.upQuery === undefined) {
        const consistency = cassandra.types.consistencies.all
        await client.execute("SELECT role FROM system_auth.roles WHERE role = 'tour'", [], { consistency })
      } else {
        const up = await client.execute(cluster.upQuery)
        if (up.rowLength !== count)
          throw new Error(`${member.host} sees ${up.rowLength} of ${count} members up`)
      }
    } finally {
      await client.shutdown()
    }
  }
  await Promise.all(cluster.members.map((member) => eventually(signal, 60, () => check(member))))
}

const login = async (cluster: Cluster, { host, port }: Address, username: string, password: string) => {
  const { AllowListPolicy, RoundRobinPolicy } = cassandra.policies.loadBalancing
  const client = new cassandra.Client({
    contactPoints: [`${host}:${port}`],
    protocolOptions: { port },
    authProvider: new cassandra.auth.PlainTextAuthProvider(username, password),
    policies: { loadBalancing: new AllowListPolicy(new RoundRobinPolicy(), [`${host}:${port}`]) },
    pooling: { warmup: false },
    socketOptions: { connectTimeout: 3000, readTimeout: 5000 },
    ...(cluster.authority !== undefined && {
      sslOptions: {
        ca: [await readFile(cluster.authority)],
        rejectUnauthorized: cluster.isExpectedToVerify,
      },
    }),
  })
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.shutdown()
    throw innermost(error as Error)
  }
}

/** The driver's "all hosts tried" shows one host and hides why; with one host, the cause is what there is to say. */
const innermost = (error: Error): Error =>
  error instanceof cassandra.errors.NoHostAvailableError
    ? ((Object.values(error.innerErrors ?? {})[0] as Error | undefined) ?? error)
    : error

/** Tries again, every 100 ms, until it works; gives up after `seconds` with the last error, or when aborted. */
const eventually = async <T>(signal: AbortSignal, seconds: number, attempt: () => Promise<T>): Promise<T> => {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (performance.now() > deadline) throw error
      await delay(100)
    }
  }
}
