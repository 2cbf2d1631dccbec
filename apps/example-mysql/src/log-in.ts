import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { openSocket, resolveName, type ServerFacts, type Steps } from 'connection'
import { type ConnectionOptions, createConnection } from 'mysql2'
import type { Connection } from 'mysql2/promise'
import { type Config, serversOf } from './config.ts'
import { certificateFound, readFacts } from './facts.ts'
import { authPluginsTelling, readGreeting, secured } from './handshake.ts'

/**
 * One connection, step by step. The steps share one socket: a socket opened only to look, and closed before the login,
 * counts as a connection error, and after max_connect_errors of them the server shuts this machine out.
 *
 * @param session what every session says first
 */
export const logInByStep = async (
  config: Config,
  options: ConnectionOptions,
  session: string,
  steps: Steps,
  signal: AbortSignal,
): Promise<{ connection: Connection; server: ServerFacts }> => {
  const { host, port, sslMode } = config.COMPOSE_MYSQL_URL
  const { connectTimeout: connectMs = 10_000 } = options
  const [server = null] = serversOf(config)
  await steps.run(
    'name',
    server,
    () => resolveName(host, connectMs),
    (addresses) => ({ found: { addresses } }),
  )
  let socket: Socket | undefined
  const giveUp = () => socket?.destroy()
  signal.addEventListener('abort', giveUp)
  try {
    const { dialled, isRefused } = await steps.run(
      'port',
      server,
      async () => {
        signal.throwIfAborted()
        const dialled = await openSocket(host, port, connectMs)
        socket = dialled
        signal.throwIfAborted() // there was no socket to destroy
        return { dialled, ...(await readGreeting(dialled, connectMs)) }
      },
      ({ dialled }) => ({ found: { address: dialled.remoteAddress ?? '', port } }),
    )
    let plugin = 'mysql_native_password'
    const driver = createConnection({
      ...options,
      stream: () => Object.assign(dialled, { _host: host }),
      authPlugins: authPluginsTelling((asked) => {
        plugin = asked
      }),
    })
    // A connection outside of a pool throws its errors at the process unless somebody listens.
    driver.on('error', () => {})
    const connection = driver.promise()
    const loggedIn = connection.connect().catch((error) => {
      // The driver says "connect ETIMEDOUT", of a server that was reached above.
      throw Object.assign(error, error.code === 'ETIMEDOUT' && { message: `no login within ${connectMs} ms` })
    })
    loggedIn.catch(() => {}) // told by the step that it ends

    if (isRefused) steps.skip('certificate', server)
    else if (sslMode === 'DISABLED')
      steps.done('certificate', server, null, certificateFound(undefined, config))
    else
      await steps.run(
        'certificate',
        server,
        () => secured(driver, dialled, loggedIn),
        (tls) => certificateFound(tls, config),
      )
    const { name, version } = await steps.run(
      'login',
      server,
      async () => {
        await loggedIn
        await connection.query(session)
        return readFacts(connection)
      },
      ({ user, name, version }) => ({ found: { user, plugin, server: `${name} ${version}` } }),
    )
    const { stream } = driver as unknown as { stream: Socket | TLSSocket }
    const tls = stream instanceof TLSSocket ? stream.getProtocol() : null
    return { connection, server: { name, version, tls, verified: sslMode === 'VERIFY_IDENTITY' } }
  } catch (error) {
    giveUp()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
