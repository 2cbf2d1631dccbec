// A stop with generated words, to be run as a process of its own by the tests beside it.
import { contract } from 'contract'
import {
  createServer,
  type FastifyPluginAsyncZod,
  listenVariables,
  main,
  readEnvironment,
  run,
  sendWords,
  startsWorkers,
} from 'server'
import * as z from 'zod'
import { readyDatabase } from './serve-database.ts'

const variables = z.object({
  ...listenVariables(0),
  WORDS: z.string().transform(Number),
  DRAIN_MS: z.string().transform(Number).default(8_000),
})

await main(async (log) => {
  const config = readEnvironment(variables, process.env)
  if (startsWorkers(config, log)) return
  const database = { ...readyDatabase, close: async () => log.info('database closed') }
  const server = await createServer({
    stop: 'test',
    title: 'Test',
    database,
    log,
    waits: { drainMs: config.DRAIN_MS },
  })
  await server.register(generated(config.WORDS))
  await run(server, config)
})

/** GET /words has `count` words; PUT /words waits for SIGUSR2. */
function generated(count: number): FastifyPluginAsyncZod {
  const { promise: going, resolve: go } = Promise.withResolvers<void>()
  process.once('SIGUSR2', () => go())
  const definition = 'x'.repeat(256)
  return async (server) => {
    server.get(
      '/words',
      { schema: contract.getWords },
      sendWords({
        cursor: z.string(),
        read: async (after = '0', limit) =>
          Array.from({ length: Math.min(limit, count - Number(after)) }, (_, index) => ({
            id: Number(after) + index + 1,
            word: 'a word',
            definition,
          })),
      }),
    )
    server.put('/words', { schema: contract.putWord }, async (_, reply) => {
      server.log.info('put begins')
      await going
      return reply.code(204).send()
    })
    server.get('/memory', async () => process.memoryUsage())
  }
}
