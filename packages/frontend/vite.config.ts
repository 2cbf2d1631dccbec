import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { developmentFolder } from './src/index.ts'

// `vite` alone serves the page with reload on save and sends the rest to the stop without a database.
const stop = 'http://127.0.0.1:8080'
const paths = ['/words', '/connection', '/break', '/docs', '/openapi.json']

/** What belongs to `Break it` goes into a folder that a stop in production does not have. */
const folderOf = (names: readonly string[]): string =>
  names.some((name) => name.startsWith('break-it')) ? developmentFolder : 'assets'

export default defineConfig({
  build: {
    // A data: URL is not 'self': with an inline asset the Content-Security-Policy would need more than 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    rollupOptions: {
      output: {
        chunkFileNames: ({ name }) => `${folderOf([name])}/[name]-[hash].js`,
        assetFileNames: ({ names }) => `${folderOf(names)}/[name]-[hash][extname]`,
      },
    },
  },
  server: { proxy: Object.fromEntries(paths.map((path) => [path, stop])) },
  plugins: [landscape(), precompress()],
})

/** Puts the drawing of the poster into the document, which is not JavaScript and comes before it. */
function landscape(): Plugin {
  return {
    name: 'landscape',
    transformIndexHtml: async (html) => {
      const drawing = await readFile(join(import.meta.dirname, 'src/page/landscape.svg'), 'utf8')
      return html.replace(
        '<template id="landscape">',
        (template) => template + drawing.replaceAll(/\n\s*/g, ' '),
      )
    },
  }
}

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
