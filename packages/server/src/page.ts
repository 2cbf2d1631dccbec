import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { Unavailable } from './errors.ts'

/**
 * Serves the built page from `directory`: index.html as `/`, asked for anew each time (it has an ETag), and assets,
 * whose names hold their hash, kept for ever. Files with .br or .gz beside them go out packed.
 */
export const servePage = async (server: FastifyInstance, directory: string) => {
  if (!existsSync(join(directory, 'index.html'))) {
    server.get('/', { schema: { hide: true } }, async () => {
      throw new Unavailable('The page is not built yet: run pnpm build', { sent: false })
    })
    return
  }
  await server.register(fastifyStatic, {
    root: directory,
    // One route for each file that is there now, so that any other path is an unknown route.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.startsWith(join(directory, 'assets'))
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}
