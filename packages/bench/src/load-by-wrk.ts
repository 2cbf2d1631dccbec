import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endingWithUs } from 'local-databases/programs'
import { firstNumber, type Load, lateAfter, type Outcome } from './load.ts'

/** {@link load} by wrk (https://github.com/wg/wrk), which does what wrk.lua says. */
export const loadByWrk = async (load: Load): Promise<Outcome> => {
  const { url, request, expected, connections, seconds } = load
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${lateAfter}s`]
  const body = opened(expected.body)
  const wrk = spawn(...endingWithUs('wrk', [...args, '-s', join(import.meta.dirname, 'wrk.lua'), url]), {
    env: {
      PATH: process.env.PATH,
      BENCH_METHOD: request.method,
      BENCH_PATH: request.path,
      BENCH_HEADERS: Object.entries(request.headers ?? {})
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
      BENCH_BODY: request.body ?? '',
      BENCH_FIRST: String(firstNumber()),
      BENCH_REPEATS: String(request.repeats ?? 1e12),
      BENCH_STATUS: String(expected.status),
      BENCH_LATE_AFTER: String(lateAfter),
    },
    stdio: [body, 'pipe', 'ignore'],
  })
  closeSync(body)
  const [said] = await Promise.all([wrk.stdout?.setEncoding('utf8').toArray(), once(wrk, 'exit')])
  const { answers, us, ...faults } = JSON.parse(/^BENCH (.*)$/m.exec(said?.join('') ?? '')?.[1] ?? '')
  const failed = Object.values<number>(faults).reduce((sum, count) => sum + count, 0)
  return { requests: Math.max(0, answers - failed), failed, faults, seconds: us / 1e6 }
}

/** Bytes as a file that is open and has no name: it goes with the last process that has it, however that ends. */
const opened = (bytes: Buffer): number => {
  const file = join(tmpdir(), `bench-${process.pid}-${firstNumber()}`)
  writeFileSync(file, bytes)
  const descriptor = openSync(file, 'r')
  rmSync(file)
  return descriptor
}
