import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

type Manifest = { dependencies?: Record<string, string>; devDependencies?: Record<string, string> }

describe('what stands in two places is the same in both', () => {
  test('every dependency has its line in docs/decisions/dependencies.md, and no other', async () => {
    const used = new Set<string>()
    for await (const file of glob(
      ['package.json', 'scripts/package.json', '{apps,packages}/*/package.json'],
      { cwd: root },
    )) {
      const { dependencies, devDependencies }: Manifest = JSON.parse(read(file))
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        if (!version.startsWith('workspace:')) used.add(name)
      }
    }
    const explained = [...read('docs/decisions/dependencies.md').matchAll(/^\| `(.+?)` +\|/gm)].map(
      ([, name]) => name,
    )

    expect(explained).toEqual([...used].sort())
  })

  test('the images of docker/compose.yaml are those of local-databases', () => {
    const images = JSON.parse(read('packages/local-databases/images.json'))
    const used = [...read('docker/compose.yaml').matchAll(/^\s+image: (\S+)$/gm)].map(([, image]) => image)

    expect(used).toEqual([images.scylla, images.mysql])
  })

  test('the Node.js of docker/Dockerfile is the pinned one', () => {
    expect(read('docker/Dockerfile')).toContain(`NODE_IMAGE=node:${process.versions.node}-slim\n`)
  })

  test('production runs with the same flags of Node.js wherever it is started, and measured', () => {
    const starts = ['example', 'example-scylla', 'example-mysql'].map((app) => `apps/${app}/package.json`)
    const files = [...starts, 'scripts/build-stop.ts', 'docker/Dockerfile', 'packages/bench/src/programs.ts']
    const flags = files.map((file) => read(file).match(/--max-[^\s'"]+/g))

    expect(flags).toEqual(files.map(() => ['--max-semi-space-size=8']))
  })

  test('the pnpm that is installed is the one that installs', () => {
    const { packageManager, devDependencies } = JSON.parse(read('package.json'))

    expect(packageManager).toBe(`pnpm@${devDependencies.pnpm}`)
  })

  test.each(['example', 'example-scylla', 'example-mysql'])(
    'the variables of %s are those of its .env.example, and the README has each',
    (app) => {
      const inSchema = /^ +([A-Z][A-Z_]+): /gm
      const files = [`apps/${app}/src/config.ts`, 'packages/server/src/environment.ts']
      const known = new Set(
        files.flatMap((file) => [...read(file).matchAll(inSchema)].map(([, name]) => name)),
      )
      const named = [...read(`apps/${app}/.env.example`).matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)

      expect(named.toSorted()).toEqual([...known].toSorted())
      const abbreviated = (name: string) => name.replace(/^PATH_TO_.*(?=_CLIENT_KEY$)/, '…')
      for (const name of named) expect(read('README.md')).toContain(`\`${abbreviated(name ?? '')}\``)
    },
  )

  test('every stop is in docker/compose.yaml', async () => {
    const stops: string[] = []
    for await (const file of glob('apps/*/package.json', { cwd: root }))
      stops.push(JSON.parse(read(file)).name)

    expect(stops.length).toBeGreaterThan(0)
    for (const stop of stops) expect(read('docker/compose.yaml')).toContain(`args: { STOP: ${stop} }`)
  })
})
