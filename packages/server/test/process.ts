import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach } from '@jest/globals'
import { until } from './serve.ts'

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** A file of this folder, run as a process, in a process group of its own where it says so; killed after the test. */
export const runProcess = (file: string, env: Record<string, string> = {}, detached = false) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  })
  running.push(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }))
  return { child, ended, out: () => out }
}

/** The same, once it listens. */
export const runStop = async (env: Record<string, string> = {}, detached = false) => {
  const stop = runProcess('stop.ts', { WORDS: '10', PORT: '0', ...env }, detached)
  let url = ''
  await until(() => {
    url = /listening at (http:[^"]+)"/.exec(stop.out())?.[1] ?? ''
    return url
  }, 10_000)
  return { ...stop, url, port: Number(new URL(url).port) }
}
