import { setTimeout as pause } from 'node:timers/promises'
import { answerOf } from './answers.ts'
import { type Load, load, type Outcome, type Request, sumOfFaults, withSilence } from './load.ts'
import { isAnswered } from './open-loop.ts'
import { handlesOf, memoryOf, socketsOf } from './processes.ts'

/** What a stop held under mixed load, the most of each third of the time: the first one warms up. */
export type SoakResult = {
  kind: 'soak'
  minutes: number
  /** Megabytes; open files; sockets among them. */
  rss: number[]
  handles: number[]
  sockets: number[]
  /** The most of the last third by that of the middle one, of the three the worst: flat is at most 1.1. */
  growth: number
  requests: number
  failed: number
  fault: string | null
}

export type Sample = { rss: number; handles: number; sockets: number }

const words = Array.from({ length: 100 }, (_, n) => `soak ${String(n).padStart(12, '0')}`)
const put: Request = {
  method: 'PUT',
  path: '/words',
  repeats: words.length,
  headers: { 'content-type': 'application/json', 'idempotency-key': '00000000-0000-4000-8000-{n}' },
  body: '{"word":"soak {n}","definition":"stored once, however often it is sent"}',
}
const get = (path: string): Request => ({ method: 'GET', path })

/**
 * Everything that a stop does, at once, and what its first answer has to be; every later one has to be the same. The words
 * are always the same hundred, each with its key: the table stays as it is.
 */
const requests: { request: Request; status: number; isRight?: (body: string) => boolean }[] = [
  { request: get('/livez'), status: 200, isRight: (body) => body !== '' },
  { request: get('/'), status: 200, isRight: (body) => body.includes('</html>') },
  { request: get('/words'), status: 200, isRight: (body) => words.every((word) => body.includes(word)) },
  { request: get('/words?limit=100'), status: 200, isRight: (body) => JSON.parse(body).length === 100 },
  { request: put, status: 204 },
]

/** Puts mixed load on a stop, and looks every second at what it holds. */
export const measureSoak = async (
  { url, pid }: { url: string; pid: number },
  minutes: number,
): Promise<SoakResult> => {
  const seconds = Math.round(minutes * 60)
  await storeWords(url)
  const loads = await Promise.all(requests.map((one) => loadOf(url, one)))
  const warmUps = await Promise.all(
    loads.map((one) => load({ ...one, seconds: Math.min(warmUpSeconds, Math.ceil(seconds / 3)) })),
  )
  const samples: Sample[] = []
  const sampling = new AbortController()
  const sampled = sample(pid, samples, sampling.signal)
  const outcomes = await Promise.all(
    loads.map(async (one) => withSilence(await load({ ...one, seconds }), await isAnswered(one))),
  )
  sampling.abort()
  await sampled
  return soakResultOf(minutes, samples, [...warmUps.map(but503), ...outcomes])
}

/**
 * Three members on CQL that were just started, and share a processor with the clients, do not answer in time at first: of
 * 280,000 answers in a minute 35 were 503, all in the first 19 s. What else is wrong counts from the beginning.
 */
const warmUpSeconds = 60

/** An outcome of the warm-up: that the database was late is no fault of it. */
export const but503 = ({ failed, faults = {}, ...outcome }: Outcome): Outcome => {
  const { 'status 503': late = 0, ...others } = faults
  return { ...outcome, failed: failed - late, faults: others }
}

/** Every word that is sent later, so that the lists are the same from the first second. */
const storeWords = async (url: string): Promise<void> => {
  for (const word of words) {
    const withNumber = (text: string) => text.replaceAll('{n}', word.slice('soak '.length))
    const headers = Object.entries(put.headers ?? {}).map(([name, value]) => [name, withNumber(value)])
    const { status } = await fetch(url + put.path, {
      method: put.method,
      headers: Object.fromEntries(headers),
      body: withNumber(put.body ?? ''),
    })
    if (status !== 204) throw new Error(`PUT ${put.path} is answered with status ${status}, not 204`)
  }
}

/** @throws where the first answer is not right */
const loadOf = async (
  url: string,
  { request, status, isRight }: (typeof requests)[number],
): Promise<Load> => {
  const load = { url, request, connections: 8, seconds: 0 }
  if (request.method !== 'GET') return { ...load, expected: { status, body: Buffer.alloc(0) } }
  const { status: answered, body } = await answerOf(url + request.path, {})
  if (answered !== status || !isRight?.(body.toString()))
    throw new Error(`GET ${request.path} is answered wrongly: status ${answered}, ${body.length} bytes`)
  return { ...load, expected: { status, body } }
}

const sample = async (pid: number, samples: Sample[], signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    samples.push({ rss: memoryOf(pid)?.rss ?? 0, handles: handlesOf(pid) ?? 0, sockets: socketsOf(pid) ?? 0 })
    await pause(1000, undefined, { signal }).catch(() => {})
  }
}

/** The samples, taken at equal intervals, as thirds; see {@link SoakResult}. */
export const soakResultOf = (
  minutes: number,
  samples: readonly Sample[],
  outcomes: readonly Outcome[],
): SoakResult => {
  const third = Math.floor(samples.length / 3)
  const thirds = (what: keyof Sample): number[] =>
    [0, 1, 2].map((n) =>
      Math.max(...samples.slice(n * third, (n + 1) * third).map((one) => Math.round(one[what]))),
    )
  const held = { rss: thirds('rss'), handles: thirds('handles'), sockets: thirds('sockets') }
  const growth = Math.max(...Object.values(held).map(([, middle = 0, last = 0]) => last / middle))
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
  const requests = outcomes.reduce((sum, outcome) => sum + outcome.requests, 0)
  const fault = failed === 0 ? null : `of ${requests + failed} answers, ${sumOfFaults(outcomes)}`
  return { kind: 'soak', minutes, ...held, growth, requests, failed, fault }
}
