import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Breakable, breakable, CannotBreak } from './breakable.ts'
import type { Lease } from './lease.ts'

/**
 * Lets a program that uses the database break it, over HTTP on a Unix socket that only this user can reach:
 *
 *   GET /break           what can be done: Breakage[]
 *   POST /break/ID       does it; 204 when it is so
 *   DELETE /break/ID     undoes it
 *   DELETE /break        undoes everything
 *
 * A database that is not ours is left alone.
 *
 * @returns the variables to give the program: those of the database, and BREAK_IT_SOCKET
 */
export const serveBreaking = async (database: Pick<Lease, 'way' | 'env' | 'members' | 'control'>) => {
  if (database.way === 'given') return { env: database.env, close: async () => {} }
  const broken = await breakable(database)
  const folder = await mkdtemp(join(tmpdir(), 'break-it-')) // of mode 0700
  const socketPath = join(folder, 'socket')
  const server = createServer((request, response) => void answer(broken, request, response))
  await once(server.listen(socketPath), 'listening')
  return {
    env: { ...broken.env, BREAK_IT_SOCKET: socketPath },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await Promise.all([broken.close(), rm(folder, { recursive: true, force: true })])
    },
  }
}

const answer = async (
  { set, restore, list }: Breakable,
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const [, id] = /^\/break\/([^/?]+)$/.exec(url) ?? []
  try {
    if (id !== undefined && (method === 'POST' || method === 'DELETE'))
      await set(decodeURIComponent(id), method === 'POST')
    else if (url === '/break' && method === 'DELETE') await restore()
    else if (url === '/break' && method === 'GET')
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify(list()))
    else throw new CannotBreak(404, `There is no ${method} ${url}.`)
    response.writeHead(204).end()
  } catch (error) {
    const status = error instanceof CannotBreak ? error.status : 500
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ detail: (error as Error).message }))
  }
}
