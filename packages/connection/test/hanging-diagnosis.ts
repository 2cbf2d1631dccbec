// A diagnosis of a server that never answers, run as a process of its own: it ends the process.
import { diagnose } from '../src/diagnose.ts'

await diagnose({
  stop: 'example-x',
  title: 'X',
  readConfig: () => 'x:1',
  servers: (server) => [server],
  faultOf: () => (error) => ({
    step: 'port',
    origin: 'COMPOSE_X_URL',
    problem: (error as Error).message,
    remedy: 'Check the route.',
  }),
  go: (server, steps) => steps.run('port', server, () => new Promise<never>(() => {})),
  limitMs: 200,
})
