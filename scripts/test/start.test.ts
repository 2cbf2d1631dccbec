import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { until } from 'conformance'
import { createClient } from 'contract'
import { processesWith } from './processes.ts'

const root = join(import.meta.dirname, '..', '..')
/** Where `npm start` keeps databases here. Every process that it starts inherits the variable: so it is recognised. */
const directory = mkdtempSync(join(tmpdir(), 'npm-start-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
afterEach(() => {
  for (const { pid } of processesLeft()) process.kill(pid, 'SIGKILL') // only after a failure
})

const word = { word: 'once', definition: 'kept for the next time' }

test('npm start runs every stop on verified TLS, and SIGTERM ends all of it with exit code 0', async () => {
  const { npm, ports, output } = await start()
  await until('the table', () => output().includes('Ctrl-C'), 240_000)

  expect(output().match(/^example-(scylla|mysql) .* TLSv1\.\d, verified /gm)).toHaveLength(2)
  for (const port of ports) {
    expect(output()).toContain(`http://localhost:${port} `)
    expect((await clientOf(port).ready()).status).toBe('ok')
    await clientOf(port).add(word)
  }

  npm.kill('SIGTERM')
  expect(await endOf(npm)).toBe(0)
  expect(processesLeft()).toEqual([])
}, 300_000)

test('it starts again with the same words, tells of a port that is taken, and ends on Ctrl-C', async () => {
  const taken = createServer()
  const { npm, ports, output } = await start(taken)
  await until('the table', () => output().includes('Ctrl-C'), 240_000)

  expect(output()).toMatch(/^example {2}.* is taken by .*PORT/m)
  for (const port of ports.slice(1)) expect(await clientOf(port).words()).toContainEqual(word)

  process.kill(-(npm.pid ?? 0), 'SIGINT') // as a terminal does: to every process of the group
  expect(await endOf(npm)).toBe(0)
  expect(processesLeft()).toEqual([])
  taken.close()
}, 300_000)

test('SIGTERM while databases are starting ends all of it, too', async () => {
  const { npm, output } = await start()
  await until(
    'the members of a cluster',
    () => processesLeft().some(({ command }) => command.includes('CassandraDaemon')),
    60_000,
  )
  expect(output()).not.toContain('Ctrl-C')

  npm.kill('SIGTERM')
  expect(await endOf(npm)).toBe(0)
  expect(processesLeft()).toEqual([])
}, 90_000)

test('SIGTERM while npm packages are installed ends what installs them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'))
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text, { mode: 0o755 })
  }
  // A stub, because an installation that lasts would have to be made slow: a pnpm that does nothing for a minute.
  write('package.json', '{ "type": "module", "packageManager": "pnpm@1.2.3" }')
  write('node_modules/pnpm/package.json', '{ "version": "1.2.3" }')
  write('node_modules/.bin/pnpm', '#!/bin/sh\nsleep 60; true\n')
  cpSync(join(root, 'scripts/bootstrap.js'), join(folder, 'scripts/bootstrap.js'))
  const node = spawn(process.execPath, ['scripts/bootstrap.js', 'start'], {
    cwd: folder,
    env: cleanEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said] = await once(node.stderr, 'data')
  expect(String(said)).toMatch(/^Installing the npm packages of pnpm-lock\.yaml \(about \d+ MB/)
  await until('it to install', () => processesLeft().some(({ command }) => command.startsWith('sleep')))

  node.kill('SIGTERM')
  await once(node, 'close')
  await until('nothing to be left', () => processesLeft().length === 0, 2000)
  rmSync(folder, { recursive: true })
}, 30_000)

test.each(['npm', 'scripts/start.ts'])(
  'nothing keeps running when %s is killed by SIGKILL',
  async (killed) => {
    // Databases that nobody has: the stops run and wait for them.
    const nowhere = {
      COMPOSE_SCYLLA_URL: 'https://user:password@127.0.0.1:1',
      COMPOSE_MYSQL_URL: 'mysql://user:password@127.0.0.1:1/compose',
    }
    const { npm, ports } = await start(undefined, nowhere)
    for (const port of ports)
      await until(
        `port ${port}`,
        () =>
          clientOf(port)
            .ready()
            .catch(() => false),
        60_000,
      )

    const script = processesLeft().find(({ command }) => /\/scripts\/start\.ts/.test(command))
    process.kill(killed === 'npm' ? (npm.pid ?? 0) : (script?.pid ?? 0), 'SIGKILL')

    await until('every process to end', () => processesLeft().length === 0, 12_000)
  },
  120_000,
)

test('a Node.js that is too old is told which one is needed', () => {
  const older = 'Object.defineProperty(process.versions, "node", { value: "18.20.0" })'
  const args = ['--import', `data:text/javascript,${older}`, 'scripts/bootstrap.js', 'start']
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: cleanEnvironment,
  })

  expect(stderr).toBe(
    'Node.js 18.20.0 is too old: the Grand Tour needs 20 or later. Get it from https://nodejs.org\n',
  )
  expect(status).toBe(1)
})

/** The environment of somebody who types `npm start`, not that of a script which pnpm and Jest run. */
const cleanEnvironment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(NODE_OPTIONS|npm_.*|COMPOSE_.*|PATH_TO_.*)$/.test(name),
    ),
  ),
  PATH: process.env.PATH?.split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(delimiter),
  LOCAL_DATABASES: directory,
}

const start = async (onFirstPort?: Server, env: Record<string, string> = {}) => {
  const first = await firstOfThreeFreePorts()
  onFirstPort?.listen(first, '127.0.0.1')
  const npm = spawn('npm', ['start'], {
    cwd: root,
    env: { ...cleanEnvironment, ...env, PORT: String(first) },
    detached: true, // a process group of its own, as a shell makes one
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (data) => {
      text += data
    })
  }
  return { npm, ports: [first, first + 1, first + 2], output: () => text }
}

const firstOfThreeFreePorts = async (): Promise<number> => {
  for (;;) {
    const first = randomInt(10_000, 20_000)
    const free = await Promise.all([first, first + 1, first + 2].map(isFree))
    if (free.every(Boolean)) return first
  }
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  server.close()
  return isListening
}

const clientOf = (port: number | undefined) => createClient(`http://127.0.0.1:${port}`)

/** Its exit code, once it has ended, which may take ten seconds. */
const endOf = async (npm: ChildProcess): Promise<number | null> => {
  await until('npm to end', () => npm.exitCode !== null || npm.signalCode !== null, 10_000)
  return npm.exitCode
}

/** Every process that bears the mark of `npm start`. */
const processesLeft = () => processesWith(`LOCAL_DATABASES=${directory}`)
