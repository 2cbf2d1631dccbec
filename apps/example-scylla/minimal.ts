import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { checkServerIdentity } from 'node:tls'
import cassandra from 'cassandra-driver'

const { PATH_TO_SCYLLA_CERT: ca, COMPOSE_SCYLLA_DATACENTER: dc = 'datacenter1' } = process.env
const list = (process.env.COMPOSE_SCYLLA_URL ?? '').replaceAll('https://', 'cql://').split(',') // keeps a port of 443
const urls = list.flatMap((url) => URL.parse(url) ?? []) // `new URL` would show the password in its error
if (urls.length < list.length) throw new Error('COMPOSE_SCYLLA_URL is not set, or not percent-encoded')
const [{ username, password, port }] = urls as [URL]
const names = new Map<string, string>() // the driver dials every address, the certificate carries names
for (const host of urls.map(({ hostname }) => hostname.replace(/[[\]]/g, '')))
  for (const { address } of await lookup(host, { all: true })) names.set(address, host)
const client = new cassandra.Client({
  contactPoints: urls.map(({ host }) => host),
  localDataCenter: dc,
  protocolOptions: { port: Number(port || 9042) }, // of every member, whatever the contact points have
  credentials: { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  sslOptions: {
    ...(ca && { ca: readFileSync(ca) }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // the driver's own default accepts any certificate
    checkServerIdentity: (address, cert) => checkServerIdentity(names.get(address) ?? address, cert),
  },
  socketOptions: { connectTimeout: 2000, readTimeout: 5000 }, // deadlines, in ms
  queryOptions: { prepare: true, isIdempotent: true, consistency: cassandra.types.consistencies.localQuorum },
})
try {
  await client.connect()
  const replication = `{'class': 'NetworkTopologyStrategy', '${dc}': ${Math.min(3, client.hosts.length)}}`
  await client.execute(`CREATE KEYSPACE IF NOT EXISTS grand_tour WITH replication = ${replication}`)
  await client.execute(`CREATE TABLE IF NOT EXISTS grand_tour.words (
    id uuid PRIMARY KEY, word text, definition text)`)
  const row = [cassandra.types.Uuid.random(), 'quorum', 'more than half']
  await client.execute('INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?)', row)
  const { rows } = await client.execute('SELECT word, definition FROM grand_tour.words LIMIT 10')
  console.table(rows, ['word', 'definition'])
} finally {
  await client.shutdown()
}
