import { once } from 'node:events'
import { createServer } from 'node:net'

/** Where everything here listens. */
export const host = '127.0.0.1'

/** A port that nobody has; somebody may take it before you do. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, host)
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
