// Makes the production folder of the stop in the current directory: `dist`, which runs anywhere with
// `node main.js` and holds the stop with its workspace packages as one JavaScript file, the page, and the npm
// packages at the versions of pnpm-lock.yaml. It has to be JavaScript: Node.js strips no types under node_modules.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { developmentFolder, pageDirectory } from 'frontend'

type Manifest = { name: string; version: string; license: string }

const workspacePackages = readdirSync(join(import.meta.dirname, '..', 'packages'))

/** The oldest supported Node.js. */
const leastNode = 22
/** A file of its own: what a module imports is loaded before its first line runs, and may not load on an older one. */
const main = `if (Number.parseInt(process.versions.node) < ${leastNode}) {
  console.error('Node.js ' + process.versions.node + ' is too old: this needs ${leastNode} or later.')
  process.exit(1)
}
await import('./stop.js')
`

const buildStop = async (stop: string): Promise<void> => {
  const manifest: Manifest = JSON.parse(readFileSync(join(stop, 'package.json'), 'utf8'))
  const dist = join(stop, 'dist')
  // On the same file system as `dist`, so that the finished folder takes its place in one step.
  const folder = mkdtempSync(join(stop, 'node_modules', '.build-'))
  try {
    installProductionPackages(manifest, folder)
    await bundle(stop, folder)
    copyPage(join(folder, 'page'))
    writeManifest(manifest, folder)
    rmSync(dist, { recursive: true, force: true })
    renameSync(folder, dist)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Leaves nothing but node_modules in the folder: flat, because the bundle imports what its workspace packages import. */
const installProductionPackages = ({ name }: Manifest, folder: string): void => {
  const settings = {
    'node-linker': 'hoisted',
    'inject-workspace-packages': 'true',
    'minimum-release-age': '0', // was checked when these very packages were installed; asking again needs the network
  }
  const options = Object.entries(settings).map(([setting, value]) => `--config.${setting}=${value}`)
  const args = ['--filter', name, 'deploy', '--prod', '--prefer-offline', ...options, folder]
  execFileSync('pnpm', args, { stdio: ['ignore', 'pipe', 'inherit'] })

  for (const entry of readdirSync(folder)) {
    if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true })
  }
  const inNodeModules = readdirSync(join(folder, 'node_modules'))
  for (const entry of inNodeModules.filter(
    (entry) => entry.startsWith('.') || workspacePackages.includes(entry),
  )) {
    rmSync(join(folder, 'node_modules', entry), { recursive: true })
  }
}

const bundle = async (stop: string, folder: string): Promise<void> => {
  await build({
    entryPoints: [join(stop, 'src', 'main.ts')],
    outfile: join(folder, 'stop.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: `node${leastNode}`,
    packages: 'external',
    plugins: [workspace],
    logLevel: 'warning',
  })
  writeFileSync(join(folder, 'main.js'), main)
}

/** Takes the workspace packages into the bundle, and tells it that the page stands beside it. */
const workspace: Plugin = {
  name: 'workspace',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^(${workspacePackages.join('|')})(/|$)`) }, ({ path, importer }) => ({
      path: createRequire(importer).resolve(path),
    }))
    onLoad({ filter: /\/packages\/frontend\/src\/index\.ts$/ }, () => ({
      contents: `import { fileURLToPath } from 'node:url'
        export const pageDirectory = fileURLToPath(new URL('page', import.meta.url))`,
    }))
  },
}

/** The page without what breaks a connection on purpose. */
const copyPage = (folder: string) =>
  cpSync(pageDirectory, folder, {
    recursive: true,
    filter: (path) => path !== join(pageDirectory, developmentFolder),
  })

const writeManifest = ({ name, version, license }: Manifest, folder: string): void => {
  const manifest = {
    name,
    private: true,
    version,
    license,
    type: 'module',
    engines: { node: `>=${leastNode}` },
    scripts: { start: 'node --max-semi-space-size=8 main.js' },
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

await buildStop(process.cwd())
