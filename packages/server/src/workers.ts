import cluster, { type Worker } from 'node:cluster'
import { ConfigError } from './environment.ts'
import type { Logger } from './logger.ts'
import { onStopSignal } from './stop-signals.ts'

type Config = { WORKERS: number }

/** How long a worker is not replaced: after the first end, and at most. One that lived longer than that counts anew. */
const backOffMs = { first: 250, most: 30_000 }

/** A little more than a worker takes to end by itself. */
const endMs = 9_200

/**
 * Whether this process serves nothing itself, because WORKERS asks for several: then it is their parent. It starts as
 * many processes of the same program, which share the port (https://nodejs.org/api/cluster.html), and replaces one
 * that ends. Told to end, it tells them, and ends with 0 when they have. Where it ends any other way, they do too:
 * Node.js ends a worker that has lost its parent.
 *
 * The first is to listen before others are started: what keeps it from that would keep them, and is told once.
 */
export const startsWorkers = ({ WORKERS }: Config, log: Logger): boolean => {
  if (WORKERS === 1 || cluster.isWorker) return false
  const alive = new Set<Worker>()
  let isListening = false
  let isStopping = false

  const startOne = (waitMs: number): Worker => {
    const startedAt = performance.now()
    const worker = cluster.fork()
    alive.add(worker)
    const ended = (code: number | null, why: string | null) => {
      alive.delete(worker)
      if (isStopping) return
      const line = { pid: worker.process.pid, code, why }
      if (!isListening) {
        if (why !== null) log.fatal(line, 'the first worker ended before it listened')
        process.exit(1) // otherwise it has said itself what is wrong
      }
      const ms = performance.now() - startedAt > backOffMs.most ? backOffMs.first : waitMs
      log.warn({ ...line, replacedInMs: ms }, 'a worker ended')
      setTimeout(() => isStopping || startOne(Math.min(ms * 2, backOffMs.most)), ms)
    }
    // An error of one that was there is of the channel to it, and its end follows.
    worker.once('exit', ended).on('error', (error) => {
      if (worker.process.pid === undefined) ended(null, error.message)
    })
    return worker
  }

  startOne(backOffMs.first).once('listening', () => {
    isListening = true
    for (let count = 1; count < WORKERS && !isStopping; count++) startOne(backOffMs.first)
  })
  onStopSignal((signal) => {
    isStopping = true
    log.info({ signal }, 'stopping: the workers may finish their requests')
    const endWhenAlone = () => {
      if (alive.size > 0) return
      log.info('every worker has stopped')
      process.exit(0)
    }
    for (const worker of alive) worker.once('exit', endWhenAlone).process.kill('SIGTERM')
    endWhenAlone()
    setTimeout(() => {
      log.warn(
        { pids: [...alive].map((worker) => worker.process.pid) },
        'workers killed, as they did not end',
      )
      for (const worker of alive) worker.process.kill('SIGKILL')
    }, endMs)
  })
  return true
}

/**
 * For a stop that has to be one process.
 *
 * @param because why it has
 * @throws {@link ConfigError} where WORKERS asks for several
 */
export const refuseWorkers = ({ WORKERS }: Config, because: string): void => {
  if (WORKERS > 1) throw new ConfigError(`WORKERS: must be 1 here, because ${because}. Leave it out.`)
}
