import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, expect, jest, test } from '@jest/globals'
import { images, maker } from '../src/docker.ts'
import { lease, provision } from '../src/index.ts'
import { findMysqlServer } from '../src/mysql-server.ts'
import { installed, settingsOf } from '../src/settings.ts'
import { startDatabase } from '../src/start.ts'
import { freshDirectory, removeDirectories } from './machine.ts'

afterAll(removeDirectories)
const { platform } = process
afterEach(() => {
  Object.defineProperty(process, 'platform', { value: platform })
  jest.restoreAllMocks()
})

const isHere = await findMysqlServer().then(
  () => true,
  () => false,
)
const testNative = isHere ? test : test.skip

type Has = {
  image?: boolean
  containers?: object[]
  networks?: object[]
  volumes?: object[]
  /** What pulling an image ends in; undefined breaks off. Without it, there is no network. */
  pulled?: object[] | undefined
}

/** Where it listens: always the same place, because testcontainers looks for a daemon once per process. */
const socket = join(freshDirectory(), 'docker.sock')

// A stub, because whether there is a Docker daemon, and with which images, is not for a test to choose: it answers what
// a daemon without a network answers. Where it has the image it makes no container.
const daemonWithoutNetwork = async (has: Has = {}) => {
  const asked: string[] = []
  const created: string[] = []
  const daemon = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const sent = await text(request)
    const answer = (status: number, body: object) =>
      response.writeHead(status, { connection: 'close' }).end(JSON.stringify(body))
    if (request.url?.includes('/images/create?fromImage=mysql') && 'pulled' in has) {
      response.writeHead(200).write(`${JSON.stringify({ status: 'Pulling from library/mysql' })}\n`)
      if (has.pulled === undefined) setTimeout(() => response.destroy(), 50)
      else response.end(has.pulled.map((line) => `${JSON.stringify(line)}\n`).join(''))
    } else if (request.url?.includes('/images/create')) answer(500, { message: 'dial tcp: no such host' })
    else if (request.url?.includes('/images/') && !has.image) answer(404, { message: 'No such image' })
    else if (request.method === 'DELETE' && request.url?.includes('/gone'))
      answer(404, { message: 'No such one' })
    else if (request.method === 'DELETE' && request.url?.includes('/own'))
      answer(409, { message: 'In progress' })
    else if (request.url?.includes('/containers/create')) {
      created.push(sent)
      answer(500, { message: 'no space left on device' })
    } else if (request.url?.includes('/containers/json')) answer(200, has.containers ?? [])
    else if (request.url?.includes('/networks?')) answer(200, has.networks ?? [])
    else if (request.url?.includes('/volumes?')) answer(200, { Volumes: has.volumes ?? [] })
    else answer(200, {})
  })
  const directory = freshDirectory()
  await new Promise<void>((listening) => daemon.listen(socket, listening))
  const before = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = `unix://${socket}`
  return {
    directory,
    created: () => created.map((body) => JSON.parse(body)),
    isPulled: () => asked.some((request) => /^POST .*\/images\/create.*fromImage=mysql/.test(request)),
    removed: () =>
      asked.flatMap(
        (request) => /^DELETE .*?\/((?:containers|networks|volumes)\/\w+)/.exec(request)?.[1] ?? [],
      ),
    [Symbol.dispose]: () => {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
      daemon.close()
    },
  }
}

testNative(
  'a daemon that answers but cannot pull the image is passed over, with a warning that says why',
  async () => {
    using daemon = await daemonWithoutNetwork()
    const said: string[] = []
    const database = await lease('mysql', {
      directory: join(daemon.directory, 'data'),
      onProgress: (line) => said.push(line),
    })
    await database.release()
    expect(database.way).toBe('native')
    expect(daemon.isPulled()).toBe(true)
    const warning = said.find((line) => line.startsWith('Warning'))
    expect(warning).toContain(`the image ${images.mysql} cannot be pulled`)
    expect(warning).toContain('no such host')
  },
)

testNative.each([
  [
    'whose disk is full',
    [{ errorDetail: {}, error: 'write /layer: no space left on device' }],
    'no space left',
  ],
  ['that breaks off', undefined, /broke off|aborted|ECONNRESET/],
])('a daemon %s while it pulls is passed over, and that is said', async (_, pulled, why) => {
  using daemon = await daemonWithoutNetwork({ pulled })
  const said: string[] = []
  const directory = join(daemon.directory, 'data')
  const database = await lease('mysql', { directory, onProgress: (line) => said.push(line) })
  await database.release()
  expect(database.way).toBe('native')
  expect(said.find((line) => line.startsWith('Warning'))).toMatch(why)
})

test('a member of CQL has one network, in which it has a name, and loses nothing that it has acknowledged', async () => {
  using daemon = await daemonWithoutNetwork({ image: true })
  const settings = settingsOf('scylla', { directory: daemon.directory, way: 'docker', members: 1 })
  const context = { signal: new AbortController().signal, onEnd: () => {}, onProgress: () => {}, lock: 0 }
  await expect(startDatabase(settings, context)).rejects.toThrow('no space left on device')
  const member = daemon.created().find(({ Image }) => Image === images.scylla)
  const network = expect.stringMatching(/^grand-tour-/)
  expect(member).toMatchObject({ HostConfig: { NetworkMode: network } })
  expect(member.NetworkingConfig.EndpointsConfig).toEqual({
    [member.HostConfig.NetworkMode]: { Aliases: ['scylla-1'] },
  })
  expect(member.Cmd).toContain('--commitlog-sync=batch')
})

test('an image is pulled after it was said which, how large, and how much memory it takes', async () => {
  using daemon = await daemonWithoutNetwork()
  const questions: string[] = []
  const confirm = async (question: string) => {
    questions.push(question)
    return false
  }
  await expect(provision('mysql', { confirm })).rejects.toThrow('Nothing was installed, as you said.')
  expect(questions).toEqual([
    expect.stringMatching(/pulls the Docker image mysql:\S+ \(.* MB, .* MB unpacked\)\. .*memory\. Go on\?$/),
  ])
  expect(daemon.isPulled()).toBe(false)
})

/** What starting MySQL in the directory says, where this machine has no mysqld of its own. */
const startWithoutOwn = async (directory: string) => {
  const programs = freshDirectory()
  writeFileSync(join(programs, 'mysqld'), '#!/bin/sh\necho MariaDB\n', { mode: 0o755 })
  jest.replaceProperty(process.env, 'PATH', programs + delimiter + process.env.PATH)
  jest.replaceProperty(installed, 'mysql', programs.concat('/none'))
  const ends: (() => Promise<void>)[] = []
  const starting = startDatabase(settingsOf('mysql', { directory, server: 'mysqld' }), {
    signal: new AbortController().signal,
    onEnd: (end) => ends.push(end),
    onProgress: () => {},
    lock: 0,
  })
  return starting.then(
    () => '',
    ({ message }: Error) => message,
  )
}

test('where a daemon answers but makes no container, that is told with the other ways, natively on Linux only', async () => {
  using daemon = await daemonWithoutNetwork({ image: true })
  const lines = (await startWithoutOwn(daemon.directory)).split('\n')
  expect(lines).toEqual([
    'No MySQL server to use here. Ways to get one:',
    '- a database of your own: set COMPOSE_MYSQL_URL',
    expect.stringMatching(
      /^- Docker: a daemon answers, but not with a database \(.*no space left on device.*\)$/,
    ),
    "- mysqld or mariadbd on this machine: `npm test` at the repository's root installs them (no mysqld is installed)",
  ])
  Object.defineProperty(process, 'platform', { value: 'darwin' })
  expect(await startWithoutOwn(daemon.directory)).not.toContain('on this machine')
})

test('what other directories have left is removed where they were of this user and machine and are no more', async () => {
  const folder = freshDirectory()
  const [gone, hidden] = [join(folder, 'gone'), join(folder, 'hidden')]
  symlinkSync(hidden, hidden) // nobody can look there, not even the superuser
  const labels = (directory: string, by?: string) => ({
    'grand-tour.directory': directory,
    ...(by !== undefined && { 'grand-tour.maker': by }),
  })
  const all = (kind: string, own: string) => [
    { [kind]: 'own', Labels: labels(own) },
    { [kind]: 'gone', Labels: labels(gone, maker) },
    { [kind]: 'there', Labels: labels(folder, maker) },
    { [kind]: 'hidden', Labels: labels(hidden, maker) },
    { [kind]: 'elsewhere', Labels: labels(gone, '0@elsewhere') },
    { [kind]: 'earlier', Labels: labels(gone) },
    // Of a clone that is not there now, and perhaps its disk with it.
    { [kind]: 'unmounted', Labels: labels('/nowhere/main/.local/mysql', maker) },
  ]
  const directory = freshDirectory()
  const has = {
    containers: [...all('Id', directory), { Id: 'running', State: 'running', Labels: labels(gone, maker) }],
    networks: all('Id', directory),
    volumes: all('Name', directory),
  }
  using daemon = await daemonWithoutNetwork({ image: true, ...has })
  // What is removed by another owner at the same time keeps nothing from starting.
  expect(await startWithoutOwn(directory)).toContain('no space left on device')
  expect(daemon.removed()).toEqual(
    expect.arrayContaining([
      'containers/own',
      'containers/gone',
      'networks/own',
      'networks/gone',
      'volumes/gone',
    ]),
  )
  expect(daemon.removed()).not.toContainEqual(
    expect.stringMatching(/there|hidden|elsewhere|earlier|unmounted|running/),
  )
  expect(daemon.removed()).not.toContain('volumes/own')
})
