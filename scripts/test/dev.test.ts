import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { type App, until } from 'conformance'
import { createClient } from 'contract'
import { processesWith } from './processes.ts'

const root = join(import.meta.dirname, '..', '..')
/** Where databases are kept here. Every process that is started inherits the variable: so it is recognised. */
const directory = mkdtempSync(join(tmpdir(), 'pnpm-dev-'))
const processesLeft = () => processesWith(`LOCAL_DATABASES=${directory}`)
afterEach(() => {
  for (const { pid } of processesLeft()) process.kill(pid, 'SIGKILL') // only after a failure
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('dev', () => {
  test('restarts the stop when a file is saved, and keeps its database running meanwhile', async () => {
    const { pnpm, url, client } = await dev('example-mysql')
    const database = () => processesLeft().filter(({ command }) => command.includes('--datadir='))
    /** The process that `node --watch` runs: whoever started it has that in its command line. */
    const stop = () =>
      processesLeft().find(({ command }) => command.includes('src/main.ts') && !command.includes('--watch'))
        ?.pid
    const before = { stop: stop(), database: database().map(({ pid }) => pid) }
    expect(before.stop).toBeDefined()
    expect(before.database.length).toBeGreaterThan(0)
    expect((await fetch(url)).status).toBe(200) // the page is built
    await client.add({ word: 'before', definition: 'the file was saved' })

    const now = new Date()
    utimesSync(join(root, 'apps/example-mysql/src/words.ts'), now, now) // as if saved, with nothing changed
    await until('another process', () => ![undefined, before.stop].includes(stop()))
    await until('it to be ready', () =>
      client.ready().then(
        ({ status }) => status === 'ok',
        () => false,
      ),
    )
    expect(database().map(({ pid }) => pid)).toEqual(before.database)
    expect(await client.words()).toEqual([{ word: 'before', definition: 'the file was saved' }])

    pnpm.kill('SIGTERM')
    await once(pnpm, 'close')
    await untilNothingIsLeft()
  }, 90_000)

  test.each([
    ['pnpm', 'example', /./],
    ['pnpm', 'example-mysql', /./],
    ['with-database', 'example-mysql', /^\S*node \S*with-database/],
  ] as const)(
    'nothing keeps running when %s of %s is killed by SIGKILL',
    async (killed, app, command) => {
      const { pnpm } = await dev(app)
      const victim =
        killed === 'pnpm' ? pnpm.pid : processesLeft().find((one) => command.test(one.command))?.pid
      if (victim === undefined) throw new Error(`there is no ${killed}`)
      process.kill(victim, 'SIGKILL')
      await untilNothingIsLeft()
    },
    60_000,
  )
})

/** Twelve seconds: a database may take five to end, and a stop four. */
const untilNothingIsLeft = () =>
  until('every process to end', () => processesLeft().length === 0, 12_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${processesLeft().map(({ command }) => command)}`)
  })

/** Runs `dev` of a stop as its README says, until it is ready. */
const dev = async (app: App) => {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|COMPOSE_.*|PATH_TO_.*)$/.test(name)),
  )
  const port = randomInt(10_000, 20_000) // where no other test takes one while the database starts
  const pnpm: ChildProcess = spawn('pnpm', ['--filter', app, 'dev'], {
    cwd: root,
    env: { ...env, LOCAL_DATABASES: directory, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [pnpm.stdout, pnpm.stderr])
    stream?.setEncoding('utf8').on('data', (text) => {
      said += text
    })
  const url = `http://127.0.0.1:${port}`
  const client = createClient(url)
  const isReady = async () => {
    if (pnpm.exitCode !== null) throw new Error(`it ended with ${pnpm.exitCode}:\n${said}`)
    return client.ready().then(
      ({ status }) => status === 'ok',
      () => false,
    )
  }
  await until('it to be ready', isReady, 45_000).catch((error) => {
    throw new Error(`${error.message}\n${said}`)
  })
  return { pnpm, url, client }
}
