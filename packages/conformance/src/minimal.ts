import { execFile } from 'node:child_process'
import { access, copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import type { App } from './stop.ts'

const run = promisify(execFile)

/**
 * Declares the tests of a stop's minimal.ts, the file that people copy first: it is short, it imports its driver and
 * `node:` modules only, and it runs in an otherwise empty folder, on every Node.js at hand that runs TypeScript.
 */
export const testMinimal = (app: App, driver: string, env: Record<string, string>): void => {
  const stop = join(import.meta.dirname, '../../../apps', app)

  test('minimal.ts has at most 40 lines and imports its driver and node: modules only', async () => {
    const text = await readFile(join(stop, 'minimal.ts'), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name)
    expect(imported.filter((name) => !name?.startsWith('node:') && !name?.startsWith(driver))).toEqual([])
    expect(imported).toContainEqual(expect.stringContaining(driver))
  })

  test('minimal.ts runs in a folder that has its driver and nothing else', async () => {
    await using folder = await folderWith(stop, driver)
    for (const node of await nodesThatRunTypeScript()) {
      const { stdout } = await run(node, ['minimal.mts'], { cwd: folder.path, env, timeout: 30_000 })
      expect(stdout).toContain('definition')
      expect(stdout.split('\n').length).toBeGreaterThan(4)
    }
  }, 60_000)

  test('minimal.ts refuses a certificate of an authority that nobody told it to trust', async () => {
    await using folder = await folderWith(stop, driver)
    const told = Object.fromEntries(Object.entries(env).filter(([name]) => !/^PATH_TO_.*_CERT$/.test(name)))
    const running = run(process.execPath, ['minimal.mts'], { cwd: folder.path, env: told, timeout: 30_000 })
    await expect(running).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/self-signed certificate|unable to (verify|get local issuer)/),
    })
  }, 60_000)
}

/** A folder with minimal.ts, as a module, and its driver. */
const folderWith = async (stop: string, driver: string) => {
  const path = await mkdtemp(join(tmpdir(), 'minimal-'))
  await copyFile(join(stop, 'minimal.ts'), join(path, 'minimal.mts'))
  await mkdir(join(path, 'node_modules'))
  await symlink(await realpath(join(stop, 'node_modules', driver)), join(path, 'node_modules', driver))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** The Node.js that runs this test, and those on the PATH that strip types too (22.18 and later). */
const nodesThatRunTypeScript = async (): Promise<string[]> => {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const found = new Set<string>()
  for (const node of [process.execPath, ...onPath]) {
    const exists = await access(node).then(
      () => true,
      () => false,
    )
    if (!exists) continue
    const { stdout } = await run(node, ['-p', 'process.features.typescript'])
    if (stdout.trim() === 'strip') found.add(await realpath(node))
  }
  return [...found]
}
