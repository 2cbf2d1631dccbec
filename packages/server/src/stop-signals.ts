import cluster from 'node:cluster'

/**
 * Calls `stop` once, when the process is told to end: SIGTERM or SIGINT. A second signal ends it at once, with exit
 * code 1; but not a worker, which its parent, or the end of that, ends at once.
 */
export const onStopSignal = (stop: (signal: NodeJS.Signals) => unknown): void => {
  let toldAt = 0
  const told = (signal: NodeJS.Signals) => {
    if (toldAt === 0) {
      toldAt = performance.now()
      return stop(signal)
    }
    // Ctrl-C reaches this process from the terminal and again from one that runs it: those two are one. A worker is
    // told by its parent as well, and later: systemd, like a terminal, tells every process of a service.
    if (!cluster.isWorker && performance.now() - toldAt > 100) process.exit(1)
  }
  process.on('SIGTERM', told).on('SIGINT', told)
}
