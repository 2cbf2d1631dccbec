import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { developmentFolder, pageDirectory } from '../src/index.ts'

const builtFiles = async (): Promise<string[]> => {
  const entries = await readdir(pageDirectory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The scripts that the page loads at once, and those that it loads when they are asked for, without development's. */
const builtScripts = async () => {
  const html = await readFile(join(pageDirectory, 'index.html'), 'utf8')
  const atOnce = new Set<string>()
  const follow = async (path: string): Promise<void> => {
    if (atOnce.has(path)) return
    atOnce.add(path)
    const code = await readFile(join(pageDirectory, path), 'utf8')
    // Static imports alone: `import"./a.js"`, `from"./a.js"`; a dynamic one has a parenthesis.
    for (const [, name] of code.matchAll(/(?:import|from)\s*"\.\/([^"]+\.js)"/g))
      await follow(join('assets', name ?? ''))
  }
  for (const [, path] of html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)) await follow(path ?? '')
  const assets = (await readdir(join(pageDirectory, 'assets'))).filter((name) => name.endsWith('.js'))
  const onDemand = assets.map((name) => join('assets', name)).filter((path) => !atOnce.has(path))
  return { atOnce: [...atOnce], onDemand }
}

const packedBytes = async (paths: readonly string[]): Promise<number> => {
  const sizes = paths.map(async (path) => gzipSync(await readFile(join(pageDirectory, path))).length)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

describe('the built page', () => {
  test('has at most 15 kB of JavaScript for the form and the words, gzipped', async () => {
    const { atOnce } = await builtScripts()
    expect(atOnce.length).toBeGreaterThan(0)
    expect(await packedBytes(atOnce)).toBeLessThanOrEqual(15_000)
  })

  test('has at most 25 kB more for the details of the connection, loaded when they are asked for', async () => {
    const { onDemand } = await builtScripts()
    expect(onDemand.map((path) => basename(path).replace(/-.{8}\.js$/, ''))).toContain('panel')
    expect(await packedBytes(onDemand)).toBeLessThanOrEqual(25_000)
  })

  test('has what breaks the connection in a folder of its own, and nowhere else', async () => {
    const isBreaking = async (file: string) =>
      /Restore everything|aria-pressed|break-it \[/.test(await readFile(file, 'utf8'))
    const files = (await builtFiles()).filter((file) => /\.(js|css|html)$/.test(file))
    const breaking = []
    for (const file of files) if (await isBreaking(file)) breaking.push(file)
    expect(breaking.map((file) => file.replace(/^.*\./, '')).sort()).toEqual(['css', 'js'])
    for (const file of breaking) expect(file).toContain(join(pageDirectory, developmentFolder))
  })

  test('has each file packed in both ways beside it', async () => {
    const files = (await builtFiles()).filter((file) => !/\.(br|gz)$/.test(file))
    expect(files.length).toBeGreaterThanOrEqual(4)
    for (const file of files) {
      const content = await readFile(file)
      expect(brotliDecompressSync(await readFile(`${file}.br`))).toEqual(content)
      expect(gunzipSync(await readFile(`${file}.gz`))).toEqual(content)
    }
  })

  test('has its colours and sizes of type from one set of tokens', async () => {
    const page = join(import.meta.dirname, '..', 'src', 'page')
    const names = (await readdir(page, { recursive: true })).filter((name) => name.endsWith('.css'))
    expect(names).toContain('tokens.css')
    const raw =
      /#[\da-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|light-dark)a?\(|\bfont(?:-size)?:(?! *(?:var\(--|inherit)).*/gi
    for (const name of names.filter((name) => name !== 'tokens.css'))
      expect([name, (await readFile(join(page, name), 'utf8')).match(raw)]).toEqual([name, null])
  })

  test('has the hash of its content in the name of every asset', async () => {
    const assets = (await readdir(join(pageDirectory, 'assets'))).filter((name) => !/\.(br|gz)$/.test(name))
    expect(assets.filter((name) => !/-[\w-]{8}\.\w+$/.test(name))).toEqual([])
  })

  test('has no inline script or style, and names no other origin', async () => {
    const html = await readFile(join(pageDirectory, 'index.html'), 'utf8')
    expect(html.match(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/g)).toBeNull()
  })
})
