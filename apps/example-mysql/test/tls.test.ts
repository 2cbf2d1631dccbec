import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from '@jest/globals'
import { refusalOf, spawnStop, until } from 'conformance'
import { certificatesFor } from 'local-databases/certificates'
import { freshDatabase, rowsOf } from './database.ts'

const passwordIn = (env: Record<string, string>) => new URL(env.COMPOSE_MYSQL_URL ?? '').password

// One server for every test that asks for this certificate: none of them changes it.
const [good, wrongName, expired, none] = await Promise.all([
  freshDatabase(),
  freshDatabase({ certificate: 'wrong-name' }),
  freshDatabase({ certificate: 'expired' }),
  freshDatabase({ tls: false }),
])
afterAll(() => Promise.all([good, wrongName, expired, none].map(({ release }) => release())))

type Database = typeof good

/** The logins of the stop's user that the server was asked for, refused or not. */
const loginsAsked = async ({ admin }: Database, during: () => Promise<void>): Promise<number> => {
  await admin.query("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1")
  await admin.query('TRUNCATE TABLE mysql.general_log')
  await during()
  const asked = await rowsOf(
    admin,
    "SELECT CONVERT(argument USING utf8mb4) AS argument FROM mysql.general_log WHERE command_type = 'Connect'",
  )
  return asked.filter(({ argument }) => String(argument).includes('tour@')).length
}

test('minimal.ts verifies an address as that address: a certificate for other names is refused before the login', async () => {
  const program = join(import.meta.dirname, '../minimal.ts')
  const run = () => promisify(execFile)(process.execPath, [program], { env: wrongName.env, timeout: 30_000 })
  const asked = await loginsAsked(wrongName, async () => {
    await expect(run()).rejects.toThrow(
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not",
    )
  })
  expect(asked).toBe(0)
})

describe('TLS', () => {
  const refusals: [string, Database, (env: Record<string, string>) => Record<string, string>, RegExp][] = [
    [
      'a certificate of an unknown authority',
      good,
      ({ COMPOSE_MYSQL_URL = '' }) => ({ COMPOSE_MYSQL_URL }),
      /^PATH_TO_MYSQL_CERT: the certificate of 127\.0\.0\.1:\d+ is signed by an unknown authority/,
    ],
    [
      'a certificate for other names',
      wrongName,
      (env) => env,
      /^COMPOSE_MYSQL_URL: the certificate of 127\.0\.0\.1:\d+ is for wrong\.example\.com; you connect to 127\.0\.0\.1\./,
    ],
    [
      'an expired certificate',
      expired,
      (env) => env,
      /^COMPOSE_MYSQL_URL: the certificate of 127\.0\.0\.1:\d+ has expired/,
    ],
    [
      'a server without TLS',
      none,
      ({ COMPOSE_MYSQL_URL = '' }) => ({ COMPOSE_MYSQL_URL: COMPOSE_MYSQL_URL.replace(/\?.*$/, '') }),
      /^COMPOSE_MYSQL_URL: 127\.0\.0\.1:\d+ speaks no TLS/,
    ],
  ]

  test.each(refusals)('refuses %s, says so, and asks for no login', async (_, database, envOf, message) => {
    const env = envOf(database.env)
    const asked = await loginsAsked(database, async () => {
      const { reason, log } = await refusalOf('example-mysql', env)
      expect(reason).toMatch(message)
      expect(log).not.toContain(passwordIn(env))
    })
    expect(asked).toBe(0)
  })

  test('connects with TLS 1.2 or later, name and authority verified, and asks for a login then', async () => {
    const asked = await loginsAsked(good, async () => {
      const stop = await spawnStop('example-mysql', good.env)
      expect((await stop.client.ready()).database).toMatchObject({
        tls: expect.stringMatching(/^TLSv1\.[23]$/),
        verified: true,
      })
      expect(stop.log()).not.toContain(passwordIn(good.env))
      await stop.stop()
    })
    expect(asked).toBeGreaterThan(0)
  })

  test('says less verification only where the URL asks for it, in the log and on /readyz', async () => {
    const { env } = wrongName
    const url = `${env.COMPOSE_MYSQL_URL}?ssl-mode=VERIFY_CA`
    const stop = await spawnStop('example-mysql', { ...env, COMPOSE_MYSQL_URL: url })
    try {
      expect((await stop.client.ready()).database).toMatchObject({
        tls: expect.any(String),
        verified: false,
      })
      await until('the warning', () => /"level":"warn".*ssl-mode=VERIFY_CA/.test(stop.log()))
    } finally {
      await stop.stop()
    }
  })

  test('shows its client certificate to a server that lets in nobody without', async () => {
    const { env, admin } = good
    await admin.query("CREATE USER 'with-certificate'@'%' IDENTIFIED BY 's3cret' REQUIRE X509")
    await admin.query("GRANT ALL ON *.* TO 'with-certificate'@'%'")
    const url = env.COMPOSE_MYSQL_URL?.replace(/tour:[^@]+@/, 'with-certificate:s3cret@') ?? ''
    const without = { ...env, COMPOSE_MYSQL_URL: url }
    expect((await refusalOf('example-mysql', without)).reason).toContain('refused the user with-certificate')

    const folder = dirname(env.PATH_TO_MYSQL_CERT ?? '')
    const shown = {
      PATH_TO_MYSQL_CLIENT_CERT: join(folder, 'member-1.pem'),
      PATH_TO_MYSQL_CLIENT_KEY: join(folder, 'member-1.key'),
    }
    expect((await refusalOf('example-mysql', { ...without, ...shown })).reason).toBe('it connected')
  })

  // The driver alone verifies "localhost" where it is given an address: the first would be taken, the second refused.
  test.each([
    ['localhost', false],
    ['127.0.0.1', true],
  ])(
    'verifies an address as that address: a certificate for %s alone is taken for 127.0.0.1: %s',
    async (name, isTaken) => {
      const folder = await mkdtemp(join(tmpdir(), 'certificates-'))
      const { authority, members } = await certificatesFor(join(folder, 'of'), [[name]], 'good')
      const front = await inFrontOf(good.members[0]?.port ?? 0, members[0])
      try {
        const url = good.env.COMPOSE_MYSQL_URL?.replace(/:\d+\//, `:${front.port}/`) ?? ''
        const { reason } = await refusalOf('example-mysql', {
          COMPOSE_MYSQL_URL: url,
          PATH_TO_MYSQL_CERT: authority,
        })
        expect(reason).toMatch(isTaken ? /^it connected$/ : /is for localhost; you connect to 127\.0\.0\.1\./)
      } finally {
        front.close()
        await rm(folder, { recursive: true })
      }
    },
  )
})

/** Four bytes of header, then capabilities, the largest packet, the charset, and 23 bytes of nothing. */
const sslRequestBytes = 36

/** The real server, with another certificate in front: plain until the client asks for TLS, as the protocol has it. */
const inFrontOf = async (port: number, files: { certificate: string; key: string } | undefined) => {
  const [cert, key] = await Promise.all([readFile(files?.certificate ?? ''), readFile(files?.key ?? '')])
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    client.on('error', () => {}).on('close', () => upstream.destroy())
    upstream.on('error', () => {}).on('close', () => client.destroy())
    upstream.once('data', (greeting: Buffer) => client.write(greeting))
    // Not by 'data': the client's first words of TLS may come along, and are for the certificate in front.
    const onReadable = () => {
      const sslRequest = client.read(sslRequestBytes)
      if (sslRequest === null) return
      client.off('readable', onReadable)
      upstream.write(sslRequest)
      const outer = new TLSSocket(client, { isServer: true, cert, key })
      const inner = connectTls({ socket: upstream, rejectUnauthorized: false })
      outer
        .on('error', () => {})
        .pipe(inner.on('error', () => {}))
        .pipe(outer)
    }
    client.on('readable', onReadable)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
