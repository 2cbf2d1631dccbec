import type { FastifyInstance } from 'fastify'
import { ConfigError } from './environment.ts'
import { portHolder } from './port-holder.ts'
import { onStopSignal } from './stop-signals.ts'

type Address = { PORT: number; HOST: string }

/**
 * Listens, and closes the server when the process is told to end (SIGTERM, SIGINT): what is under way finishes, the
 * database is let go of, exit code 0, within ten seconds. A second signal ends it at once.
 *
 * @throws {@link ConfigError} when the address cannot be had
 */
export const run = async (
  server: Pick<FastifyInstance, 'listen' | 'close' | 'log'>,
  { PORT, HOST }: Address,
): Promise<void> => {
  const stop = async (signal: NodeJS.Signals) => {
    server.log.info({ signal }, 'stopping: requests under way may finish')
    setTimeout(() => {
      server.log.warn('ended before everything was closed')
      process.exit(0)
    }, 9_000).unref()
    await server.close()
    server.log.info('stopped')
    process.exit(0)
  }
  // Before it listens: whoever reads that it does may end it at once.
  onStopSignal(stop)
  try {
    // For localhost, Fastify opens a second server, at ::1, that never answers a request to upgrade.
    await server.listen({ port: PORT, host: HOST === 'localhost' ? '127.0.0.1' : HOST })
  } catch (error) {
    await server.close()
    throw await explainListen(error as NodeJS.ErrnoException, PORT, HOST)
  }
}

const explainListen = async (error: NodeJS.ErrnoException, port: number, host: string): Promise<Error> => {
  const code = error.code ?? ''
  if (code === 'EADDRINUSE') {
    const holder = (await portHolder(port)) ?? 'a process that cannot be seen from here'
    return new ConfigError(
      `PORT: ${host}:${port} is taken by ${holder}. Stop it, or set PORT=… to choose another.`,
    )
  }
  if (code === 'EACCES')
    return new ConfigError(`PORT: ${port} needs rights this user has not. Set PORT=… to 1024 or more.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new ConfigError(
      `HOST: ${host} is no address of this machine (${code}). Set HOST=127.0.0.1, or 0.0.0.0 for every address.`,
    )
  }
  return error
}
