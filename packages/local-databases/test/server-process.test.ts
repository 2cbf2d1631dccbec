import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { serverProcess } from '../src/server-process.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)

const testOnLinux = process.platform === 'linux' ? test : test.skip

/** A server that is a script, ready once it has written something; with what it writes. */
const scripted = (script: string) => {
  const cwd = freshDirectory()
  const logFile = join(cwd, 'log')
  const said = () => readFileSync(logFile, 'utf8').trim()
  const isReady = async () => said() !== ''
  const server = serverProcess(
    {
      name: 'The server',
      command: ['nice', '-n', '19', 'sh', '-c', script],
      cwd,
      logFile,
      isReady,
      readySeconds: 30,
    },
    {
      signal: new AbortController().signal,
      onEnd: () => {},
      onProgress: () => {},
      lock: openSync(join(cwd, 'lock'), 'w'),
    },
  )
  server.spawn()
  return Object.assign(server, { said, [Symbol.asyncDispose]: server.end })
}

testOnLinux(
  'a server has stopped when its pause is reported, however late it gets a processor',
  async () => {
    await using server = scripted('echo $$; while :; do :; done')
    await server.untilReady()
    for (let turn = 0; turn < 20; turn++) {
      await server.control('pause')
      expect(readFileSync(`/proc/${server.said()}/status`, 'utf8')).toMatch(/^State:\tT/m)
      await server.control('resume')
    }
  },
  60_000,
)

testOnLinux('a server has a locale in which Java finds every file, whatever this process has', async () => {
  await using server = scripted('echo $LC_ALL; sleep 60')
  await server.untilReady()
  expect(server.said()).toBe('C.UTF-8')
})
