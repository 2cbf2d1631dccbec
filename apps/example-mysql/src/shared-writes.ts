import { isRefused } from './errors.ts'
import { SomeAreThere } from './once.ts'

type Waiting<Row> = {
  row: Row
  /** When it is sent at the latest, on the clock of `performance`. */
  sendBy: number
  resolve: (written: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Lets rows that come at about the same time share one statement, and with it the commit, which is what a write waits
 * for. A row is sent at once while no statement runs. Otherwise it waits for the end of the one that runs, and goes with
 * those that wait by then, in the order they came; or after {@link patienceMs}, or when there are {@link mostRows}: where
 * a server is slow, nobody waits for two statements.
 *
 * Nobody is told before the statement is committed, and it writes all of its rows or none. Where the server refuses one
 * of several rows, each is sent alone, so that each gets its own answer. Measured with 64 connections: packages/bench.
 *
 * @param write writes rows: all of them, or none
 * @param mayShare whether rows may share a statement now
 */
export const sharedWrites = <Row>(
  write: (rows: readonly Row[]) => Promise<unknown>,
  mayShare: () => boolean,
) => {
  const waiting: Waiting<Row>[] = []
  let running: Promise<unknown> | undefined
  let timer: NodeJS.Timeout | undefined

  const send = async () => {
    clearTimeout(timer)
    const together = waiting.splice(0, rowsOfMany(waiting.length))
    const [next] = waiting
    timer = next && setTimeout(send, Math.max(0, next.sendBy - performance.now()))
    const written = write(together.map(({ row }) => row))
    running = written
    try {
      await written
      for (const { resolve } of together) resolve(undefined)
    } catch (error) {
      const eachAlone = together.length > 1 && (error instanceof SomeAreThere || isRefused(error))
      for (const { row, resolve, reject } of together) eachAlone ? resolve(write([row])) : reject(error)
    }
    if (running !== written) return // patience had an end, and a later one runs
    running = undefined
    if (waiting.length > 0) void send()
  }

  return (row: Row): Promise<unknown> => {
    if (!mayShare()) return write([row])
    const { promise, resolve, reject } = Promise.withResolvers()
    waiting.push({ row, sendBy: performance.now() + patienceMs, resolve, reject })
    if (running === undefined || waiting.length === mostRows) void send()
    else timer ??= setTimeout(send, patienceMs)
    return promise
  }
}

const mostRows = 32
/** How many of so many rows go together: 1, 2, 4 … 32. Each is a statement that is prepared on every connection. */
const rowsOfMany = (count: number): number => 2 ** Math.floor(Math.log2(Math.min(count, mostRows)))

/** Much more than a commit takes; much less than a request may take. */
const patienceMs = 250
