import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { runProcess, runStop } from './process.ts'
import { until } from './serve.ts'

type Line = { pid?: number; msg: string; url?: string; signal?: string }

/** A stop of `count` workers, once all of them listen. */
const runWorkers = async (count: number, env: Record<string, string> = {}, detached = false) => {
  const stop = await runStop({ WORKERS: String(count), ...env }, detached)
  const lines = (msg: string) =>
    stop
      .out()
      .split('\n')
      .filter((line) => line.includes(msg))
      .map((line): Line => JSON.parse(line))
  const pids = (msg: string) => [...new Set(lines(msg).map(({ pid }) => pid ?? 0))]
  await until(() => pids('listening at').length === count, 10_000)
  return { ...stop, lines, pids }
}

/** A new connection each: the parent gives those to one worker after the other. */
const ask = (url: string, path = '/livez') => fetch(url + path, { headers: { connection: 'close' } })

const putWord = (url: string) =>
  fetch(`${url}/words`, { method: 'PUT', body: new URLSearchParams({ word: 'a', definition: 'b' }) })

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('WORKERS', () => {
  test('share the port: each answers, and its log lines say which it is', async () => {
    const { url, child, pids } = await runWorkers(3)
    for (let count = 0; count < 6; count++) expect((await ask(url, '/memory')).status).toBe(200)
    await until(() => pids('"url":"/memory"').length === 3)
    expect(pids('"url":"/memory"').sort()).toEqual(pids('listening at').sort())
    expect(pids('listening at')).not.toContain(child.pid)
  })

  test('say in their metrics which they are, so that their counters do not mix', async () => {
    const { url } = await runWorkers(2)
    const own = async () =>
      /^process_start_time_seconds\{worker="(\d)"\}/m.exec(await (await ask(url, '/metrics')).text())?.[1]
    const seen = new Set<string | undefined>()
    await until(async () => seen.add(await own()).size === 2)
    expect([...seen].sort()).toEqual(['1', '2'])
  })

  test('let requests under way finish on SIGTERM to their parent, which ends with 0 after them', async () => {
    const { url, child, ended, pids } = await runWorkers(2)
    const underWay = [putWord(url), putWord(url)]
    await until(() => pids('put begins').length === 2)
    child.kill('SIGTERM')
    await until(() => pids('requests under way').length === 2)
    for (const pid of pids('listening at')) process.kill(pid, 'SIGUSR2')
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([204, 204])
    expect(await ended).toMatchObject({ code: 0, err: '' })
    expect(pids('database closed')).toHaveLength(2)
    expect(pids('listening at').filter(isRunning)).toEqual([])
  })

  // A terminal tells every process of Ctrl-C, systemd of SIGTERM.
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'told by %s as well as by their parent, however much later, end as if told once',
    async (signal) => {
      const { url, child, ended, pids } = await runWorkers(2, {}, true)
      const underWay = putWord(url)
      await until(() => pids('put begins').length === 1)
      const [busy = 0] = pids('put begins')
      process.kill(busy, signal)
      await until(() => pids('requests under way').length === 1)
      const start = performance.now()
      await until(() => performance.now() - start > 150) // by now a second signal would end another process at once
      process.kill(-(child.pid ?? 0), signal)
      await until(() => pids('requests under way').length === 2)
      process.kill(busy, 'SIGUSR2')
      expect((await underWay).status).toBe(204)
      expect((await ended).code).toBe(0)
    },
  )

  test('end at once where their parent is told twice', async () => {
    const { url, child, ended, pids } = await runWorkers(2)
    putWord(url).catch(() => {}) // never answered
    await until(() => pids('put begins').length === 1)
    child.kill('SIGTERM')
    await until(() => pids('requests under way').length === 2)
    const start = performance.now()
    await until(() => !child.kill('SIGTERM') || performance.now() - start > 150)
    expect((await ended).code).toBe(1)
    expect(performance.now() - start).toBeLessThan(2_000)
    await until(() => !pids('listening at').some(isRunning))
  })

  test('that hang are killed, and their parent ends with 0 within ten seconds', async () => {
    const { child, ended, pids } = await runWorkers(2)
    const [hanging = 0] = pids('listening at')
    process.kill(hanging, 'SIGSTOP')
    const start = performance.now()
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, err: '' })
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(isRunning(hanging)).toBe(false)
  })

  test('that are killed are replaced, which is one line in the log, while the others answer', async () => {
    const { url, child, ended, lines, pids } = await runWorkers(2)
    const [killed = 0, other = 0] = pids('listening at')
    process.kill(killed, 'SIGKILL')
    await until(() => !isRunning(killed))
    await until(() => lines('a worker ended').length > 0)
    expect((await ask(url)).status).toBe(200)
    await until(() => pids('listening at').length === 3, 10_000)
    expect(lines('a worker ended')).toMatchObject([{ level: 'warn', pid: killed, why: 'SIGKILL' }])
    for (let count = 0; count < 4; count++) expect((await ask(url, '/memory')).status).toBe(200)
    await until(() => pids('"url":"/memory"').length === 2)
    expect(pids('"url":"/memory"')).toContain(other)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  test('do not outlive their parent, killed while requests are under way', async () => {
    const { url, child, pids } = await runWorkers(2)
    putWord(url).catch(() => {}) // its worker ends
    await until(() => pids('put begins').length === 1)
    child.kill('SIGKILL')
    await until(() => !pids('listening at').some(isRunning))
  })

  test('whose port is taken say so once, and are not tried again', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const { ended } = runProcess('stop.ts', { WORDS: '1', PORT: String(port), WORKERS: '3' })
    const { code, err, out } = await ended
    expect(code).toBe(1)
    expect(err).toMatch(
      /^PORT: 127\.0\.0\.1:\d+ is taken by .*\. Stop it, or set PORT=… to choose another\.\n$/,
    )
    expect(out.match(/database closed/g)).toHaveLength(1)
    holder.close()
  })

  test.each(['0', '65', '-1', '1.5', 'auto', ' 2'])(
    'are no number of processes: %j, which is told with what else is wrong',
    async (WORKERS) => {
      const { ended } = runProcess('stop.ts', { WORKERS, PORT: 'x' })
      expect(await ended).toMatchObject({
        code: 1,
        out: '',
        err:
          'PORT: must be a port number, 0 to 65535 (0: any free port)\n' +
          'WORKERS: must be a whole number from 1 to 64\nWORDS: is not set\n',
      })
    },
  )

  test('that would each have words of their own are refused', async () => {
    const example = '../../../apps/example/src/main.ts'
    expect(await runProcess(example, { WORKERS: '2', PORT: '0' }).ended).toMatchObject({
      code: 1,
      out: '',
      err: 'WORKERS: must be 1 here, because every process would have words of its own. Leave it out.\n',
    })
  })
})
