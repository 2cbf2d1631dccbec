import { expect, test } from '@jest/globals'
import { hintFor } from '../src/container-hints.ts'

// A stub's words, because whether a kernel allows enough is not for a test to choose: what ScyllaDB writes as it ends.
const log = `INFO  2026-11-22 20:00:00,000 seastar - Reactor backend: linux-aio
ERROR 2026-11-22 20:00:00,001 [shard 1] seastar - Could not setup Async I/O: Resource temporarily unavailable. The most common cause is not enough request capacity in /proc/sys/fs/aio-max-nr.`

test('a ScyllaDB container that asks too much of the kernel is told with the setting that helps (pain 13)', () => {
  expect(hintFor(log)).toContain('sudo sysctl -w fs.aio-max-nr=1048576')
  expect(hintFor(log)).toContain('--smp 1 --overprovisioned 1 --reactor-backend=epoll')
  expect(hintFor('INFO  init - serving')).toBe('')
})
