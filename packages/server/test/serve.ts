import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach } from '@jest/globals'
import { contract, type Problem } from 'contract'
import { pino } from 'pino'
import { createServer, type FastifyPluginAsyncZod } from 'server'

type Options = Partial<Parameters<typeof createServer>[0]>
type LogLine = Record<string, unknown> & { msg: string; err?: { message: string; stack: string } }

const running: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

/** A server on a free port, with a PUT /words that `put` answers and whatever `routes` adds; closed after the test. */
export const serve = async (
  options: Options & { put?: (word: object) => Promise<void>; routes?: FastifyPluginAsyncZod } = {},
) => {
  const { put, routes, ...rest } = options
  const log: LogLine[] = []
  const server = await createServer({
    stop: 'test',
    title: 'Test',
    database: null,
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    ...rest,
  })
  if (put) {
    await server.register((async (scope) => {
      scope.put('/words', { schema: contract.putWord }, async ({ body }, reply) => {
        await put(body)
        return reply.code(204).send()
      })
    }) as FastifyPluginAsyncZod)
  }
  if (routes) await server.register(routes)
  running.push(server)
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  return { server, url, log, port: Number(new URL(url).port) }
}

/** The answer as a problem, after a look at what every problem has. */
export const problemOf = async (response: Response): Promise<Problem> => {
  if (response.headers.get('content-type') !== 'application/problem+json')
    throw new Error(`${response.status} ${response.headers.get('content-type')}: ${await response.text()}`)
  const problem = (await response.json()) as Problem
  if (problem.status !== response.status) throw new Error(`${problem.status} in a ${response.status}`)
  return problem
}

/** What a server answers to these bytes, until it closes the connection. */
export const exchange = async (port: number, bytes: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  socket.on('data', (data) => (text += data))
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

/** Resolves when the condition holds; throws with its source when it does not in time. */
export const until = async (condition: () => unknown, deadlineMs = 5_000): Promise<void> => {
  // A turn counts for 50 ms at most: where the machine stood still, so did what is waited for.
  for (let leftMs = deadlineMs; !(await condition()); ) {
    if (leftMs < 0) throw new Error(`not within ${deadlineMs} ms: ${condition}`)
    const lookedAt = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 5))
    leftMs -= Math.min(performance.now() - lookedAt, 50)
  }
}
