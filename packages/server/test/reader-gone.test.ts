import { expect, test } from '@jest/globals'
import { runStop } from './process.ts'

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
