import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, spawnStop } from 'conformance'
import { type Lease, type LeaseOptions, lease } from 'local-databases'

const apps = join(import.meta.dirname, '..', '..', 'apps')
const databases: { app: App; options?: LeaseOptions & { kind: 'scylla' | 'mysql' } }[] = [
  { app: 'example' },
  { app: 'example-scylla', options: { kind: 'scylla', members: 1 } },
  { app: 'example-mysql', options: { kind: 'mysql' } },
]

describe.each(databases)('the production folder of $app', ({ app, options }) => {
  let folder: string
  let database: Lease | undefined

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'production-folder-'))
    await cp(join(apps, app, 'dist'), join(folder, 'stop'), { recursive: true })
    if (options) database = await lease(options.kind, { ...options, directory: join(folder, 'database') })
  }, 120_000)
  afterAll(async () => {
    await database?.release()
    await rm(folder, { recursive: true })
  }, 30_000)

  test('has nothing that breaks its connection on purpose', async () => {
    const program = await readFile(join(folder, 'stop', 'stop.js'), 'utf8')
    expect(program).not.toMatch(/BREAK_IT_SOCKET|expired-certificate|diagnostics_channel/)
    const files = await readdir(join(folder, 'stop', 'page'), { recursive: true })
    expect(files).toContain('index.html')
    expect(files.filter((file) => /break|development/.test(file))).toEqual([])
    for (const file of files.filter((name) => /\.(js|css)$/.test(name)))
      expect(await readFile(join(folder, 'stop', 'page', file), 'utf8')).not.toMatch(
        /Restore everything|break-it \[/,
      )
  })

  test('tells a Node.js that is too old which one is needed, before it loads anything else', async () => {
    await rename(join(folder, 'stop', 'stop.js'), join(folder, 'stop', 'away.js'))
    const older = 'Object.defineProperty(process.versions, "node", { value: "20.19.0" })'
    const args = ['--import', `data:text/javascript,${older}`, 'main.js']
    const { NODE_OPTIONS: _, ...env } = process.env
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: join(folder, 'stop'),
      encoding: 'utf8',
      env,
    })
    await rename(join(folder, 'stop', 'away.js'), join(folder, 'stop', 'stop.js'))
    expect(stderr).toBe('Node.js 20.19.0 is too old: this needs 22 or later.\n')
    expect(status).toBe(1)
  })

  test('runs outside of the repository, serves the page, keeps a word, and ends on SIGTERM', async () => {
    const entry = join(folder, 'stop', 'main.js')
    const stop = await spawnStop(app, { ...database?.env, BREAK_IT_SOCKET: '/nowhere' }, { entry })
    expect((await fetch(`${stop.url}/break`)).status).toBe(404)

    const page = await (await fetch(stop.url)).text()
    const [, script] = /<script[^>]* src="([^"]+)"/.exec(page) ?? []
    expect((await fetch(new URL(script ?? 'missing', stop.url))).headers.get('content-type')).toMatch(
      /javascript/,
    )

    const word = { word: 'folder 📁', definition: "it's enough" }
    await stop.client.add(word)
    expect(await stop.client.words()).toEqual([word])

    expect(await stop.stop()).toBe(0)
  }, 90_000)
})
