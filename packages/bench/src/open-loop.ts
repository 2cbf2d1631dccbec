import { Agent, request as send } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { firstNumber, type Load } from './load.ts'

/** How long answers took at a fixed rate, in milliseconds, and how many were wrong. */
export type Latencies = {
  /** Requests a second: what was wanted, and what came about. */
  rate: number
  achieved: number
  /** Whether answers came at the wanted rate: otherwise the times are those of a queue that grew. */
  isKept: boolean
  p50: number
  p99: number
  failed: number
}

/** Answers at 95% of the rate: the last one may take a while. */
const leastKept = 0.95

/**
 * Sends requests at a fixed rate, whether or not those before are answered, and counts from when each was due: a server
 * that stands still for a second makes every request of that second late, and not only those that happened to be on
 * their way ("coordinated omission", https://www.youtube.com/watch?v=lJ8ydIuPFeU). What this client sends late, or holds
 * back for want of a free connection, counts as well.
 *
 * @param rate requests a second
 */
export const latenciesAt = async (rate: number, load: Load): Promise<Latencies> => {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const total = Math.max(1, Math.round(rate * load.seconds))
  const took: number[] = []
  let failed = 0
  const answered = Promise.withResolvers<void>()
  const began = performance.now()
  const ask = (n: number) => {
    const due = began + (n * 1000) / rate
    sendOne(agent, load, (isRight) => {
      took.push(performance.now() - due)
      if (!isRight) failed++
      if (took.length === total) answered.resolve()
    })
  }
  for (let sent = 0; sent < total; await pause(1)) {
    const due = ((performance.now() - began) * rate) / 1000
    for (; sent < Math.min(due, total); sent++) ask(sent)
  }
  await answered.promise
  const achieved = total / ((performance.now() - began) / 1000)
  agent.destroy()
  const sorted = took.sort((a, b) => a - b)
  const quantile = (q: number) => sorted[Math.min(total - 1, Math.floor(q * total))] ?? Number.NaN
  const isKept = achieved >= leastKept * rate
  return { rate, achieved, isKept, p50: quantile(0.5), p99: quantile(0.99), failed }
}

let number = firstNumber()

const sendOne = (agent: Agent, { url, request, expected }: Load, done: (isRight: boolean) => void) => {
  const digits = String(++number % (request.repeats ?? 1e12)).padStart(12, '0')
  const withNumber = (text: string) => text.replaceAll('{n}', digits)
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name, withNumber(value)]),
  )
  let isAnswered = false
  const sending = send(url + withNumber(request.path), {
    agent,
    method: request.method,
    headers,
    timeout: 10_000,
  })
  sending.once('response', (answer) => {
    isAnswered = true
    let bytes = 0
    answer.on('data', (piece: Buffer) => (bytes += piece.length))
    answer.once('close', () =>
      done(answer.complete && answer.statusCode === expected.status && bytes === expected.body.length),
    )
  })
  sending.once('timeout', () => sending.destroy())
  sending.once('error', () => isAnswered || done(false))
  sending.end(request.body === undefined ? undefined : withNumber(request.body))
}
