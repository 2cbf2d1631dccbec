import { cp, mkdtemp, rm } from 'node:fs/promises'
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

  test('runs outside of the repository, serves the page, keeps a word, and ends on SIGTERM', async () => {
    const entry = join(folder, 'stop', 'main.js')
    const stop = await spawnStop(app, database?.env, { entry })

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
