import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { serverProcess } from '../src/server-process.ts'

const testOnLinux = process.platform === 'linux' ? test : test.skip

testOnLinux(
  'a server has stopped when its pause is reported, however late it gets a processor',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'server-process-'))
    const logFile = join(directory, 'log')
    const pid = () => readFileSync(logFile, 'utf8').trim()
    const server = serverProcess(
      {
        name: 'The server',
        command: ['nice', '-n', '19', 'sh', '-c', 'echo $$; while :; do :; done'],
        cwd: directory,
        logFile,
        isReady: async () => pid() !== '',
        readySeconds: 30,
      },
      {
        signal: new AbortController().signal,
        onEnd: () => {},
        onProgress: () => {},
        lock: openSync(join(directory, 'lock'), 'w'),
      },
    )
    try {
      server.spawn()
      await server.untilReady()
      for (let turn = 0; turn < 20; turn++) {
        await server.control('pause')
        expect(readFileSync(`/proc/${pid()}/status`, 'utf8')).toMatch(/^State:\tT/m)
        await server.control('resume')
      }
    } finally {
      await server.end()
      rmSync(directory, { recursive: true })
    }
  },
  60_000,
)
