import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Running } from '../src/contenders.ts'
import { type Load, load, sumOfFaults, withSilence } from '../src/load.ts'
import { loadByAutocannon } from '../src/load-by-autocannon.ts'
import { loadResultOf } from '../src/load-result.ts'
import { measureSoak } from '../src/measure-soak.ts'
import { type Latencies, latenciesAt } from '../src/open-loop.ts'
import { cpuMsOf, untilIdle } from '../src/processes.ts'
import { measureRounds, type Round } from '../src/rounds.ts'
import { faultOf, numbers, rowOf } from '../src/rows.ts'
import { notStored } from '../src/tables.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

const body = Buffer.from(JSON.stringify([rowOf(3), rowOf(11)]))

/** What to put on a server that answers like that. */
const loadOn = async (listener: RequestListener): Promise<Load> => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    request: { method: 'GET', path: '/' },
    expected: { status: 200, body },
    connections: 2,
    seconds: 1,
  }
}

/** Answers so many times, and then never again. */
const answering = (times: number): RequestListener => {
  let count = 0
  return (_, response) => void (++count <= times && response.end(body))
}

describe.each([
  ['the client here', load],
  ['autocannon', loadByAutocannon],
])('load by %s', (_, put) => {
  test('counts right answers, and none of them as failed', async () => {
    const { requests, failed } = await put(await loadOn((_, response) => response.end(body)))
    expect(requests).toBeGreaterThan(100)
    expect(failed).toBe(0)
  })

  test.each<[string, RequestListener]>([
    ['of another length', (_, response) => response.end(body.subarray(1))],
    ['of another status', (_, response) => response.writeHead(500).end(body)],
    ['with other bytes', (_, response) => response.end(body.toString().replace('quotes', 'QUOTES'))],
  ])('counts an answer %s as failed', async (_, wrong) => {
    let count = 0
    const listener: RequestListener = (request, response) =>
      // autocannon compares the bytes of one body in a hundred.
      ++count > 5 ? wrong(request, response) : response.end(body)
    const outcome = await put(await loadOn(listener))
    const { requests, failed } = outcome
    expect(failed).toBeGreaterThan(0)
    expect(sumOfFaults([outcome])).toMatch(/^\d+ × (status 500|another body|wrong status or body|broken off)/)
    expect(requests + failed).toBeGreaterThanOrEqual(count - 2)
  })

  test('sends another request each time where that is asked for', async () => {
    const seen = new Set<string>()
    let count = 0
    const all = await loadOn((request, response) => {
      let text = ''
      request.on('data', (part) => (text += part))
      request.on('end', () => {
        count++
        seen.add(text)
        response.end(body)
      })
    })
    await put({ ...all, request: { method: 'PUT', path: '/', body: 'word {n}' } })
    expect(count).toBeGreaterThan(50)
    expect(seen.size).toBe(count)
    expect([...seen].every((text) => /^word \d{12}$/.test(text))).toBe(true)
  })
})

test('numbers begin anew where a request says after how many', async () => {
  const seen = new Set<string>()
  const all = await loadOn((request, response) => {
    seen.add(request.url ?? '')
    response.end(body)
  })
  const { requests } = await load({ ...all, request: { method: 'GET', path: '/{n}', repeats: 3 } })
  expect(requests).toBeGreaterThan(20)
  expect([...seen].sort()).toEqual(['/000000000000', '/000000000001', '/000000000002'])
})

test('what is not answered to the end, for more than five seconds, is late', async () => {
  const outcome = await load({ ...(await loadOn(answering(100))), seconds: 7 })
  expect(outcome.requests).toBeGreaterThan(90)
  expect(sumOfFaults([outcome])).toMatch(/^\d+ × late$/)
})

test('load ends with whoever started it, however that ends, and leaves no file', async () => {
  const all = await loadOn((_, response) => response.end(body))
  const script = `const { load } = await import(${JSON.stringify(import.meta.resolve('../src/load.ts'))})
    await load({ ...${JSON.stringify({ ...all, seconds: 60 })}, expected: { status: 200, body: Buffer.from('') } })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH },
    stdio: 'ignore',
  })
  const isLoaded = async () => (await promisify(server.getConnections.bind(server))()) > 0
  const server = servers.at(-1) as Server
  await until(isLoaded)
  child.kill('SIGKILL')
  await until(async () => !(await isLoaded()))
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`bench-${child.pid}`))).toEqual([])
})

const until = async (condition: () => Promise<boolean>) => {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await pause(20))
    if (await condition()) return
  throw new Error('not within 20 s')
}

test('rounds begin with another server each time, and go backwards every second time', async () => {
  const asked: number[] = []
  const running = [0, 1, 2].map(async (n) => {
    const load = await loadOn((request, response) => {
      if (request.url === '/' && asked.at(-1) !== n) asked.push(n)
      response.end(body)
    })
    const server = { pid: process.pid, url: load.url }
    return { load, server, rounds: [] as Round[], latencies: [], acknowledged: 0 } as unknown as Running
  })
  const all = await Promise.all(running)
  await measureRounds(all, { rounds: 2, seconds: 1, warmUpSeconds: 0, latencySeconds: 0 })
  expect(asked).toEqual([0, 1, 2, 1, 0, 2])
  expect(all.map(({ rounds }) => rounds.length)).toEqual([2, 2, 2])
})

test('a process is idle once its processor time stands still', async () => {
  const readings = [10, 20, 40, 40, 50]
  await untilIdle(() => readings.shift())
  expect(readings).toEqual([50])
})

test('a load without any answer has failed', () => {
  const none = { requests: 0, failed: 0, seconds: 1 }
  expect(sumOfFaults([withSilence(none, true)])).toBe('1 × no answer')
})

const hundred = Array.from({ length: 100 }, (_, n) => ({ word: `soak ${String(n).padStart(12, '0')}` }))

/** A stop as the soak needs it, but for what is given. */
const soakable = (livez: RequestListener, list: object[] = hundred) =>
  loadOn((request, response) => {
    if (request.url === '/livez') livez(request, response)
    else if (request.method === 'PUT') response.writeHead(204).end()
    else response.end(request.url === '/' ? '<html></html>' : JSON.stringify(list))
  })

test('a soak of a stop without the words that it acknowledged ends at once', async () => {
  const { url } = await soakable(answering(1e9), hundred.slice(1))
  const soak = measureSoak({ url, pid: process.pid }, 0.05)
  await expect(soak).rejects.toThrow('GET /words is answered wrongly: status 200')
})

test('a soak in which one route stops answering has failed', async () => {
  const { url } = await soakable(answering(100))
  const { failed, fault } = await measureSoak({ url, pid: process.pid }, 0.05)
  expect(failed).toBe(1)
  expect(fault).toMatch(/^of \d+ answers, 1 × no answer$/)
})

test('a fixed rate is kept by a server that stands still, and its time is counted', async () => {
  let count = 0
  const all = await loadOn((_, response) => {
    if (++count !== 50) return response.end(body)
    // The process itself stands still, as in a long collection of garbage.
    const until = performance.now() + 300
    while (performance.now() < until);
    response.end(body)
  })
  // Few enough, and long enough, for a machine that is busy to catch up.
  const { p99, failed, isKept } = await latenciesAt(50, { ...all, seconds: 4 })
  expect(failed).toBe(0)
  expect(isKept).toBe(true)
  expect(p99).toBeGreaterThan(100)
})

test('at a fixed rate the times are those of right answers, to the byte', async () => {
  let count = 0
  const all = await loadOn((_, response) => {
    if (++count % 4 === 0) setTimeout(() => response.end(body), 200)
    else response.end(body.toString().replace('quotes', 'QUOTES'))
  })
  const { p50, failed, right, achieved } = await latenciesAt(20, { ...all, connections: 20, seconds: 2 })
  expect(p50).toBeGreaterThan(190)
  expect(failed).toBe(30)
  expect(right).toHaveLength(10)
  expect(achieved).toBeLessThan(6)
})

test('a fixed rate is kept by a server that takes long for every answer', async () => {
  const all = await loadOn((_, response) => setTimeout(() => response.end(body), 500))
  const { isKept, p50 } = await latenciesAt(20, { ...all, connections: 20, seconds: 4 })
  expect(isKept).toBe(true)
  expect(p50).toBeGreaterThan(490)
})

test('at a fixed rate a server that never answers is waited for five seconds, whatever was due', async () => {
  const { failed, right, isKept } = await latenciesAt(100, await loadOn(() => {}))
  expect({ failed, right, isKept }).toEqual({ failed: 100, right: [], isKept: false })
})

test('what a client that is kept from sending does not send is no fault of the server', async () => {
  const all = await loadOn((_, response) => response.end(body))
  const measured = latenciesAt(50, { ...all, seconds: 1 })
  // This process, which is server and client, stands still until all is over.
  setTimeout(() => {
    for (const end = performance.now() + 7000; performance.now() < end; );
  }, 200)
  const { failed, isKept } = await measured
  expect(failed).toBeLessThanOrEqual(all.connections) // those that were on their way
  expect(isKept).toBe(false)
}, 30_000)

test('how late this process itself is, and what it holds back for an answer, are told apart', async () => {
  const all = await loadOn((_, response) => setTimeout(() => response.end(body), 100))
  const waiting = await latenciesAt(60, all)
  expect(waiting.clientLateMs).toBeLessThan(waiting.p50)
  const still = setInterval(() => {
    for (const end = performance.now() + 100; performance.now() < end; );
  }, 200)
  const late = await latenciesAt(20, { ...all, connections: 20, seconds: 2 })
  clearInterval(still)
  expect(late.clientLateMs).toBeGreaterThan(30)
}, 30_000)

test('a rate at which this process has no rest is known', async () => {
  const all = await loadOn((_, response) => response.end(body))
  const { clientBusy, failed } = await latenciesAt(100_000, { ...all, connections: 32, seconds: 0.05 })
  expect(failed).toBe(0)
  expect(clientBusy).toBeGreaterThan(0.9)
})

test('the processor time of a process is counted', async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  const deadline = performance.now() + 20_000
  let ms = 0
  while (ms < 200 && performance.now() < deadline) {
    ms = cpuMsOf(child.pid ?? 0) ?? 200
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  expect(ms).toBeGreaterThanOrEqual(200)
})

test('a rate that a server cannot keep is refused, and the wait of what was due counts', async () => {
  const all = await loadOn((_, response) => setTimeout(() => response.end(body), 100))
  // Two connections, a tenth of a second each: twenty a second.
  const { achieved, isKept, p99 } = await latenciesAt(60, all)
  expect(isKept).toBe(false)
  expect(achieved).toBeGreaterThan(10)
  expect(achieved).toBeLessThan(25)
  expect(p99).toBeGreaterThan(1000)
})

describe('a row', () => {
  const measured = {
    server: 'ours',
    rounds: [{ requests: 100, failed: 900, seconds: 1, cpuMs: 100 }],
    latencies: [],
    notStored: 0,
  }

  test('is made no cheaper by answers that failed', () => {
    const result = loadResultOf({ title: 'A' }, measured)
    expect(result).toMatchObject({ failed: 900, cpuUs: { median: 1000 }, perSecond: { median: 100 } })
  })

  test('counts words as failed that were acknowledged and are not in the table', () => {
    expect(loadResultOf({ title: 'A' }, { ...measured, rounds: [], notStored: 7 })).toMatchObject({
      failed: 7,
    })
  })

  const pass = {
    rate: 100,
    achieved: 99,
    isKept: true,
    clientBusy: 0.2,
    clientLateMs: 1,
    p50: 1,
    p99: 2,
    failed: 0,
    right: Array.from({ length: 300 }, String),
  }
  const latenciesOf = (...latencies: Latencies[]) =>
    loadResultOf({ title: 'A' }, { ...measured, latencies }).latencies

  test('has latencies that are medians of the rounds: who comes first is not slow for it', () => {
    const first = { ...pass, p50: 3, p99: 50, isKept: false }
    expect(latenciesOf(first, pass, pass)).toEqual({ rate: 100, achieved: 99, p50: 1, p99: 2 })
  })

  test('has no latencies where the rate was not kept, and says what rate there was', () => {
    const slow = { ...pass, achieved: 50, isKept: false }
    expect(latenciesOf(pass, slow, slow)).toEqual({ rate: 100, achieved: 50, p50: null, p99: null })
  })

  test('has nothing of a rate that the client could not have kept', () => {
    expect(latenciesOf({ ...pass, achieved: 50, isKept: false, clientBusy: 0.97 })).toBeNull()
    expect(latenciesOf({ ...pass, clientLateMs: 6 })).toBeNull()
  })

  test('has no 99th percentile of few answers', () => {
    expect(latenciesOf({ ...pass, right: pass.right.slice(1) })).toMatchObject({ p50: 1, p99: null })
  })
})

test('an acknowledged word that is not stored is found among others that are stored and were not acknowledged', async () => {
  const known = numbers(0, 1000).map(String)
  const words = async function* () {
    for (const n of known.slice(32)) yield `put 1 ${n}`
    for (const n of numbers(1000, 1064)) yield `put 1 ${n}`
    for (const n of numbers(0, 7)) yield `put 0 ${n}`
    yield 'a word that was there before'
  }
  const acknowledged = [
    { known: [], others: 10 },
    { known, others: 50 },
  ]
  expect(await notStored(words(), ['put 0 ', 'put 1 '], acknowledged)).toEqual([3, 32])
})

test('rows that are wrong, twice or not there are found', () => {
  const text = (...rows: object[]) => JSON.stringify(rows)
  expect(faultOf(text(rowOf(0), rowOf(1)), 2, 2)).toBeUndefined()
  expect(faultOf(text(rowOf(0)), 2, 2)).toBe('1 rows, not 2')
  expect(faultOf(text(rowOf(1), rowOf(1)), 2, 2)).toBe('1 rows twice')
  expect(faultOf(text(rowOf(0), { ...rowOf(1), definition: 'x' }), 2, 2)).toMatch('a wrong row')
  expect(faultOf(text(rowOf(0), rowOf(2)), 2, 2)).toMatch('a wrong row')
  expect(faultOf(text(rowOf(0), rowOf(1)).slice(0, -9), 2, 2)).toMatch('no JSON that is whole')
  expect(faultOf('{"error":"none"}', 2, 2)).toBe('JSON, and no array')
})
