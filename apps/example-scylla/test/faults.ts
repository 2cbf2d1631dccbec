import { testFaults } from 'conformance'
import { faultProxy } from 'local-databases'
import { type Cluster, rowsOf } from './database.ts'

/** The members, each behind a proxy on its own address, so that its certificate is still its own. */
export const networkTo = async ({ env, members }: Pick<Cluster, 'env' | 'members'>) => {
  const proxies = await Promise.all(members.map((member) => faultProxy(member, { host: member.host })))
  let url = env.COMPOSE_SCYLLA_URL ?? ''
  const maps: Record<string, string> = JSON.parse(env.COMPOSE_SCYLLA_MAPS ?? '{}')
  for (const [index, { host, port }] of members.entries()) {
    const behind = `${host}:${proxies[index]?.port}`
    url = url.replace(`@${host}:${port}`, `@${behind}`)
    // What the members say of each other leads past the proxies, unless it is mapped; in containers it is mapped already.
    const said = Object.keys(maps).find((address) => maps[address] === `${host}:${port}`)
    maps[said ?? `${host}:${port}`] = behind
  }
  return {
    env: { ...env, COMPOSE_SCYLLA_URL: url, COMPOSE_SCYLLA_MAPS: JSON.stringify(maps) },
    proxies,
    connections: 1,
  }
}

/** Declares the tests of what the stop does while the network to all three members is broken. */
export const testNetwork = (cluster: Cluster): void =>
  testFaults('ScyllaDB', {
    app: 'example-scylla',
    network: () => networkTo(cluster),
    ask: () => rowsOf(cluster.admin, 'SELECT * FROM grand_tour.words'),
    // Four made three members on two slow processors too busy to answer anybody.
    atOnce: 2,
  })
