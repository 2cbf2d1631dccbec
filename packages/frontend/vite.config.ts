import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

// `vite` alone serves the page with reload on save and sends the rest to the stop without a database.
const stop = 'http://127.0.0.1:8080'

export default defineConfig({
  // A data: URL is not 'self': with an inline asset the Content-Security-Policy would need more than 'self'.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, license: { fileName: 'licenses.md' } },
  server: { proxy: { '/words': stop, '/readyz': stop, '/docs': stop, '/openapi.json': stop } },
  plugins: [precompress()],
})

/** Writes `.br` and `.gz` beside every built file, so that no stop compresses while it serves. */
function precompress(): Plugin {
  let directory = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: (config) => {
      directory = config.build.outDir
    },
    closeBundle: async () => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true })
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
      await Promise.all(files.map(compress))
    },
  }
}

const compress = async (file: string): Promise<void> => {
  const content = await readFile(file)
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content))
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }))
}
