import { Agent, request as send } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { firstNumber, type Load, lateAfter } from './load.ts'

/** How long right answers took at a fixed rate, in milliseconds. */
export type Latencies = {
  /** Requests a second: what was wanted, and what was answered rightly. */
  rate: number
  achieved: number
  /** Whether answers came at the wanted rate: otherwise the times are those of a queue that grew. */
  isKept: boolean
  /** Part of the time in which this process had something to do, 0 to 1: near 1 the times are those of the client. */
  clientBusy: number
  /** Milliseconds by which it sent what a free connection could have taken, the 95th percentile: so are they here. */
  clientLateMs: number
  p50: number
  p99: number
  /** Answers that were wrong or did not come. What this client did not come to send is none. */
  failed: number
  /** What `{n}` was in each request that was answered rightly. */
  right: string[]
}

/** Answers at 95% of the rate: the last one may take longer than others. */
const leastKept = 0.95
/** Of the requests, the first: they open the connections, and their times do not count. */
const warmUp = 0.25

/**
 * Sends requests at a fixed rate, whether or not those before are answered, and counts from when each was due: a server
 * that stands still for a second makes every request of that second late, and not only those that happened to be on
 * their way ("coordinated omission", https://www.youtube.com/watch?v=lJ8ydIuPFeU). What this client sends late, or holds
 * back for want of a free connection, counts as well. What is not answered {@link lateAfter} seconds after the last was due
 * has failed.
 *
 * @param rate requests a second
 */
export const latenciesAt = async (rate: number, load: Load): Promise<Latencies> => {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const total = Math.max(1, Math.round(rate * load.seconds))
  const took: number[] = []
  const right: string[] = []
  const late: number[] = []
  let isHeldBack = false
  let sent = 0
  let answered = 0
  const busyBefore = performance.eventLoopUtilization()
  const began = performance.now()
  const until = began + (load.seconds + lateAfter) * 1000
  const sendDue = () => {
    const now = performance.now()
    const due = now < until ? Math.min(total, ((now - began) * rate) / 1000) : 0
    for (; sent < due && sent - answered < load.connections; sent++) {
      if (!isHeldBack) late.push(now - began - (sent * 1000) / rate)
      ask(sent)
    }
    isHeldBack = sent < due
  }
  const ask = (n: number) =>
    sendOne(agent, load, (digits) => {
      answered++
      if (digits !== undefined) right.push(digits)
      if (digits !== undefined && n >= Math.floor(warmUp * total))
        took.push(performance.now() - began - (n * 1000) / rate)
      sendDue()
    })
  while (answered < total && performance.now() < until) {
    sendDue()
    await pause(1)
  }
  const lasted = performance.now() - began
  const clientBusy = performance.eventLoopUtilization(busyBefore).utilization
  agent.destroy()
  for (const times of [took, late]) times.sort((a, b) => a - b)
  const achieved = (right.length * 1000) / lasted
  return {
    rate,
    achieved,
    // What the last answer takes as the quickest does is no queue.
    isKept: achieved * lasted >= leastKept * rate * (lasted - quantile(took, 0)),
    clientBusy,
    clientLateMs: quantile(late, 0.95),
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    // Where every connection waits to the end, what waits for one was not answered either.
    failed: (sent - answered >= load.connections ? total : sent) - right.length,
    right,
  }
}

/** NaN of none. */
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN

/** Whether the server still answers, rightly and in time: what never is answered is in the count of no client. */
export const isAnswered = async (load: Load): Promise<boolean> =>
  (await latenciesAt(1, { ...load, seconds: 0 })).failed === 0

let number = firstNumber()

/** @param done gets the digits that were sent, or undefined where the answer was wrong or did not come */
const sendOne = (
  agent: Agent,
  { url, request, expected }: Load,
  done: (digits: string | undefined) => void,
): void => {
  const digits = String(++number % (request.repeats ?? 1e12)).padStart(12, '0')
  const withNumber = (text: string) => text.replaceAll('{n}', digits)
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name, withNumber(value)]),
  )
  let isBegun = false
  const sending = send(url + withNumber(request.path), { agent, method: request.method, headers })
  sending.once('response', (answer) => {
    isBegun = true
    let bytes = 0
    let isRight = answer.statusCode === expected.status
    answer.on('data', (piece: Buffer) => {
      isRight &&= piece.equals(expected.body.subarray(bytes, bytes + piece.length))
      bytes += piece.length
    })
    answer.once('close', () =>
      done(isRight && answer.complete && bytes === expected.body.length ? digits : undefined),
    )
  })
  sending.once('error', () => isBegun || done(undefined))
  sending.end(request.body === undefined ? undefined : withNumber(request.body))
}
