import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type Load, load, sumOfFaults } from '../src/load.ts'
import { loadByAutocannon } from '../src/load-by-autocannon.ts'
import { loadResultOf } from '../src/load-result.ts'
import { latenciesAt } from '../src/open-loop.ts'
import { cpuMsOf } from '../src/processes.ts'
import { faultOf, rowOf } from '../src/rows.ts'

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

  test('has no latencies where the rate was not kept, and says what rate there was', () => {
    const latencies = { rate: 100, achieved: 50, isKept: false, p50: 1, p99: 2, failed: 0 }
    expect(loadResultOf({ title: 'A' }, { ...measured, latencies }).latencies).toEqual({
      rate: 100,
      achieved: 50,
      p50: null,
      p99: null,
    })
  })
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
