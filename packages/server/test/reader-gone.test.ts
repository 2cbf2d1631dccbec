import { expect, test } from '@jest/globals'
import { runStop } from './process.ts'
import { exchange, until } from './serve.ts'

test.each([0, 3])(
  'a stop whose log nobody reads any more goes on answering, and SIGTERM ends it with 0: after %d more lines',
  async (lines) => {
    const { child, ended, url } = await runStop({ LOG_LEVEL: 'debug' })
    child.stdout.destroy()
    for (let line = 0; line < lines; line++) expect((await fetch(`${url}/nowhere`)).status).toBe(404)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, signal: null, err: '' })
  },
)

// A stub of the disk, full from the first line about /full until SIGHUP: a test cannot fill one.
const fullDisk = `
  import fs from 'node:fs'
  const { writeSync } = fs
  let isFull
  process.on('SIGHUP', () => (isFull = false))
  fs.writeSync = (fd, text, ...rest) => {
    isFull ??= text.includes('/full') || undefined
    if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return writeSync(fd, text, ...rest)
  }`

test.each([false, true])(
  'a stop whose log is on a full disk goes on answering, and SIGTERM ends it with 0: space again %p',
  async (isSpaceAgain) => {
    const { child, ended, url, port, out } = await runStop({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fullDisk)}`,
    })
    const long = 'x'.repeat(500)
    // More than is kept, and then line by line, so that not even one more is.
    const requests = `GET /full${long} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(2_000)
    await exchange(port, `${requests}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    for (let line = 0; line < 100; line++) expect((await fetch(`${url}/full${long}`)).status).toBe(404)
    if (isSpaceAgain) {
      child.kill('SIGHUP')
      await until(async () => {
        await fetch(`${url}/after${long}`)
        return out().includes('/after')
      })
      expect(out()).toContain('/full')
    }
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, signal: null, err: '' })
  },
)
