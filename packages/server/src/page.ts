import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { negotiate } from '@fastify/accept-negotiator'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { Unavailable } from './errors.ts'

/**
 * Serves the built page from `directory`: index.html as `/`, from memory and asked for anew each time (it has an ETag),
 * and assets, whose names hold their hash, kept for ever. Files with .br or .gz beside them go out packed.
 */
export const servePage = async (server: FastifyInstance, directory: string) => {
  const index = join(directory, 'index.html')
  if (!existsSync(index)) {
    server.get('/', { schema: { hide: true } }, async () => {
      throw new Unavailable('The page is not built yet: run pnpm build', { sent: false, isPublic: true })
    })
    return
  }
  serveFromMemory(server, '/', index)
  await server.register(fastifyStatic, {
    root: directory,
    index: false,
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

/**
 * The document that everybody asks for first and again each time. From its file it takes a stream, which is five times
 * the processor time of the whole answer from memory (packages/bench, `index`).
 */
const serveFromMemory = (server: FastifyInstance, path: string, file: string) => {
  const plain = formOf(file)
  const packed = new Map(
    [['br', `${file}.br`] as const, ['gzip', `${file}.gz`] as const].flatMap(([encoding, file]) =>
      existsSync(file) ? [[encoding, formOf(file)] as const] : [],
    ),
  )
  const encodings = [...packed.keys(), 'identity']

  server.get(path, { schema: { hide: true } }, (request, reply) => {
    const { 'accept-encoding': accepted = 'identity', 'if-none-match': known = '' } = request.headers
    const encoding = negotiate(accepted, encodings) ?? 'identity'
    const { body, etag } = packed.get(encoding as 'br' | 'gzip') ?? plain
    reply.headers({ etag, vary: 'accept-encoding', 'cache-control': 'no-cache' })
    if (known === '*' || known.includes(etag)) return reply.code(304).send()
    if (encoding !== 'identity') reply.header('content-encoding', encoding)
    return reply.type('text/html; charset=utf-8').send(body)
  })
}

const formOf = (file: string) => {
  const body = readFileSync(file)
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}
