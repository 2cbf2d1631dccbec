import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type SpawnOptions, type Stop, spawnStop, until } from 'conformance'

const programs = `${import.meta.dirname}/programs`
let stop: Stop | undefined

const start = async (env: Record<string, string> = {}, options: SpawnOptions = {}) => {
  stop = await spawnStop('example', env, { entry: `${programs}/stop.js`, ...options })
  return stop
}
const runs = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

afterEach(() => stop?.kill())

describe('a stop as a process of its own', () => {
  test('is ready when it is given, and says what it wrote', async () => {
    const { url, log } = await start()
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(log()).toContain('listening at')
  })

  test('sees the variables it is given and none of the test', async () => {
    const { url } = await start({ COMPOSE_MYSQL_URL: 'mysql://x' })
    const variables = (await (await fetch(url)).json()) as Record<string, string>
    const own = ['HOME', 'HOST', 'NODE_COMPILE_CACHE', 'PATH', 'PORT']
    expect(Object.keys(variables).sort()).toEqual(['COMPOSE_MYSQL_URL', ...own])
  })

  test('ends when it is asked to, with its own exit code', async () => {
    const { stop: end, log, process } = await start()
    expect(await end()).toBe(7)
    expect(log()).toContain('closing')
    expect(runs(Number(process.pid))).toBe(false)
  })

  test('is killed and reported when it does not end in time', async () => {
    const { stop: end, process } = await start({ SIGTERM: 'ignored' })
    await expect(end(200)).rejects.toThrow('to end after SIGTERM')
    expect(runs(Number(process.pid))).toBe(false)
  })

  test('is reported at once, with all it wrote, when it ends before it is ready', async () => {
    await expect(start({ PORT: '-1' })).rejects.toThrow(/ended with 1[\s\S]*ERR_SOCKET_BAD_PORT/)
  })

  test('is reported when its program cannot be run', async () => {
    await expect(start({}, { node: '/nowhere/node' })).rejects.toThrow('ENOENT')
  })

  test('is reported when it is not ready in time, and may be had before it is', async () => {
    await expect(start({ READY: 'never' }, { deadlineMs: 5_000 })).rejects.toThrow('/readyz to say 200')
    const { client } = await start({ READY: 'never' }, { waitUntilReady: false })
    await expect(client.words()).resolves.toBeTruthy()
  })

  test('dies with the process that started it, even by SIGKILL', async () => {
    const owner = spawn(process.execPath, [`${programs}/owner.ts`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [pid] = (await once(owner.stdout, 'data')).map(Number)
    expect(runs(Number(pid))).toBe(true)
    owner.kill('SIGKILL')
    await until('the stop to end', () => !runs(Number(pid)))
  })
})

describe('waiting for a condition', () => {
  test('gives its value once there is one', async () => {
    let round = 0
    expect(await until('the third round', () => ++round === 3 && 'done')).toBe('done')
  })

  test('says what it waited for when the time is over', async () => {
    await expect(until('the moon', () => false, 50)).rejects.toThrow('waited 50 ms in vain for the moon')
  })

  test('ends at once when the condition throws', async () => {
    const condition = () => {
      throw new Error('over')
    }
    await expect(until('the moon', condition)).rejects.toThrow('over')
  })
})
