import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { ConfigError, listenVariables, readEnvironment } from 'server'
import * as z from 'zod'
import { runProcess, runStop } from './process.ts'

const schema = z.object({
  ...listenVariables(8080),
  URL: z.string().regex(/^mysql:/, 'must be a URL, such as mysql://user:password@host/name'),
})

describe('the environment', () => {
  test('gives what is not set, or empty, its default', () => {
    expect(readEnvironment(schema, { URL: 'mysql://a', PORT: '', HOST: undefined, OTHER: 'x' })).toEqual({
      PORT: 8080,
      HOST: '127.0.0.1',
      CONNECTION_DETAILS: 'local',
      LOG_LEVEL: 'info',
      SHARE_READS: true,
      WORKERS: 1,
      URL: 'mysql://a',
    })
    expect(readEnvironment(schema, { URL: 'mysql://a', PORT: '0', HOST: '::1' })).toMatchObject({
      PORT: 0,
      HOST: '::1',
    })
  })

  test('that is wrong is told all at once, and no value is repeated', () => {
    const read = () =>
      readEnvironment(schema, { URL: 'postgres://user:secret@host', PORT: '80.5', LOG_LEVEL: 'loud' })
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(
      [
        'PORT: must be a port number, 0 to 65535 (0: any free port)',
        'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
        'URL: must be a URL, such as mysql://user:password@host/name',
      ].join('\n'),
    )
    expect(() => readEnvironment(schema, {})).toThrow('URL: is not set')
  })

  test('that nobody would read because a name is misspelt is told, with the name that was meant', () => {
    const known = z.object({ ...listenVariables(8080), COMPOSE_DB_URL: z.string().default('x') })
    const read = (environment: Record<string, string>) => () => readEnvironment(known, environment)
    expect(read({ COMPOSE_DBB_URL: 's3cret', COMPOSE_DB_ULR: 's3cret', LOG_LEVLE: 'warn' })).toThrow(
      [
        'COMPOSE_DBB_URL: is not known. Perhaps COMPOSE_DB_URL is meant',
        'COMPOSE_DB_ULR: is not known. Perhaps COMPOSE_DB_URL is meant',
        "LOG_LEVLE: is not known. Perhaps LOG_LEVEL is meant. If it is another program's, set LOG_LEVEL as well",
      ].join('\n'),
    )
    // Those of others: another stop's, Docker Compose's, the shell's.
    expect(read({ COMPOSE_OTHER_URL: 'x', COMPOSE_PROJECT_NAME: 'x', PORTS: 'x', PATH: 'x' })).not.toThrow()
    expect(read({ LOGLEVEL: 'INFO', LOG_LEVEL: 'info' })).not.toThrow()
  })

  test.each(['65536', '-1', '1e3', '0x50', ' 80', 'http'])('has no port %j', (PORT) => {
    expect(() => readEnvironment(schema, { URL: 'mysql://a', PORT })).toThrow(/^PORT: /)
  })

  test('that is wrong ends a stop with exit code 1 and those lines alone', async () => {
    const { ended } = runProcess('stop.ts', { PORT: 'x', HOST: 'y' })
    expect(await ended).toMatchObject({
      code: 1,
      out: '',
      err: 'PORT: must be a port number, 0 to 65535 (0: any free port)\nWORDS: is not set\n',
    })
  })
})

test('HOST=localhost is one address, also where that name has two', async () => {
  // A stub of the name service: on many machines, it has one.
  const twoAddresses = `
    import dns from 'node:dns'
    const { lookup } = dns
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
    dns.lookup = (name, options, done) =>
      name === 'localhost' && options.all ? done(null, addresses) : lookup(name, options, done)`
  const { child, url, ended } = await runStop({
    HOST: 'localhost',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(twoAddresses)}`,
  })
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  child.kill('SIGTERM')
  expect((await ended).out.match(/listening at [^"]+/g)).toEqual([`listening at ${url}`])
})

describe('a place to listen that cannot be had', () => {
  test('because its port is taken is said in one line: what it is, who holds it, what to do', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const { ended } = runProcess('stop.ts', { WORDS: '1', PORT: String(port) })
    const { code, err } = await ended
    expect(code).toBe(1)
    const who = process.platform === 'linux' ? `\\S+ \\(process ${process.pid}\\)` : 'a process that .*'
    expect(err).toMatch(
      new RegExp(
        `^PORT: 127.0.0.1:${port} is taken by ${who}\\. Stop it, or set PORT=… to choose another\\.\n$`,
      ),
    )
    holder.close()
  })

  test.each(['203.0.113.1', 'no.such.host.invalid'])(
    'because %s is not here is said in one line',
    async (HOST) => {
      const { ended } = runProcess('stop.ts', { WORDS: '1', PORT: '0', HOST })
      const { code, err } = await ended
      expect(code).toBe(1)
      expect(err).toMatch(/^HOST: .* is no address of this machine \(E\w+\)\. Set HOST=127\.0\.0\.1, .*\n$/)
    },
  )
})
