import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstNumber, type Load, lateAfter, type Outcome } from './load.ts'

/** {@link load} by wrk (https://github.com/wg/wrk), which does what wrk.lua says. */
export const loadByWrk = async (load: Load): Promise<Outcome> => {
  const { url, request, expected, connections, seconds } = load
  const file = join(tmpdir(), `bench-${process.pid}-${firstNumber()}`)
  writeFileSync(file, expected.body)
  try {
    const { stdout } = await promisify(execFile)(
      'wrk',
      [
        ...['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${lateAfter}s`],
        ...['-s', join(import.meta.dirname, 'wrk.lua'), url],
      ],
      {
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
          BENCH_EXPECTED: file,
        },
      },
    )
    const { answers, us, ...faults } = JSON.parse(/^BENCH (.*)$/m.exec(stdout)?.[1] ?? '')
    const failed = Object.values<number>(faults).reduce((sum, count) => sum + count, 0)
    return { requests: Math.max(0, answers - failed), failed, faults, seconds: us / 1e6 }
  } finally {
    rmSync(file)
  }
}
