import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { pageDirectory } from '../src/index.ts'

const builtFiles = async (): Promise<string[]> => {
  const entries = await readdir(pageDirectory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

describe('the built page', () => {
  test('has at most 15 kB of JavaScript, gzipped', async () => {
    const scripts = (await builtFiles()).filter((file) => file.endsWith('.js'))
    const sizes = await Promise.all(scripts.map(async (file) => gzipSync(await readFile(file)).length))
    expect(scripts.length).toBeGreaterThan(0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(15_000)
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

  test('has the hash of its content in the name of every asset', async () => {
    const assets = (await readdir(join(pageDirectory, 'assets'))).filter((name) => !/\.(br|gz)$/.test(name))
    expect(assets.filter((name) => !/-[\w-]{8}\.\w+$/.test(name))).toEqual([])
  })

  test('has no inline script or style, and names no other origin', async () => {
    const html = await readFile(join(pageDirectory, 'index.html'), 'utf8')
    expect(html.match(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/g)).toBeNull()
  })
})
