/**
 * What to do about the end of a container's log, where it is a known one; '' otherwise.
 *
 * ScyllaDB's default reactor asks the kernel for more asynchronous requests than many machines allow, of which all
 * containers share one count. Our own containers use another one; this is for images and options that do not.
 */
export const hintFor = (log: string): string =>
  /Could not setup Async I\/O|aio-max-nr/.test(log)
    ? '\nThe kernel allows too few asynchronous requests: sudo sysctl -w fs.aio-max-nr=1048576' +
      '\nor start ScyllaDB with --smp 1 --overprovisioned 1 --reactor-backend=epoll, which needs few.'
    : ''
