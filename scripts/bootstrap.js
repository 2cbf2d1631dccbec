// What `npm start` and `npm test` run first, on whatever Node.js the machine has and with nothing installed yet:
// plain JavaScript, no dependencies. Everything after it runs on the Node.js that pnpm-lock.yaml pins.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node')

const bootstrap = async () => {
  requireNode(20)
  await install()
  requirePinnedNode()
  const [task, ...args] = process.argv.slice(2)
  run(join(root, 'scripts', `${task}.ts`), args)
}

const requireNode = (least) => {
  if (Number(process.versions.node.split('.')[0]) >= least) return
  fail(
    `Node.js ${process.versions.node} is too old: the Grand Tour needs ${least} or later. Get it from https://nodejs.org`,
  )
}

/**
 * Installs what pnpm-lock.yaml lists: silent when there is little to do, otherwise it shows what it is doing. When this
 * process is told to end, so is whatever installs.
 */
const install = () => {
  const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager // pnpm@1.2.3
  const [command, ...first] = isInstalled(pnpm) ? [join(bin, 'pnpm')] : ['npx', '--yes', pnpm]
  let held = ''
  let shown = false
  const show = () => {
    if (!shown)
      process.stderr.write(`Installing the npm packages of pnpm-lock.yaml (about 800 MB on disk) …\n${held}`)
    shown = true
  }
  if (!existsSync(join(root, 'node_modules', '.modules.yaml'))) show()
  const child = spawn(command, [...first, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, because npx hands no signal on
  })
  const end = () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    process.exit(process.argv[2] === 'start' ? 0 : 1)
  }
  for (const signal of signals) process.once(signal, end)
  const slow = setTimeout(show, 2000)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      if (shown) process.stderr.write(data)
      else held += data
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`${command} cannot be run (${error.message}). It comes with Node.js.`))
    child.on('close', (code) => {
      clearTimeout(slow)
      for (const signal of signals) process.off(signal, end)
      if (code === 0) return resolve()
      show()
      fail(
        `The npm packages could not be installed: ${command} ended with ${code}. What it said stands above.`,
      )
    })
  })
}

/** Whether an earlier run left the very pnpm that is pinned: it starts at once and needs no network. */
const isInstalled = (pnpm) => {
  const manifest = join(root, 'node_modules', 'pnpm', 'package.json')
  return existsSync(manifest) && pnpm === `pnpm@${JSON.parse(readFileSync(manifest, 'utf8')).version}`
}

/** Node.js 25 and later need libatomic, which a bare Debian or Ubuntu lacks. */
const requirePinnedNode = () => {
  const said = () => spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' })
  const first = said()
  if (first.status === 0) return
  const apt = 'apt-get update -q && apt-get install -y -q --no-install-recommends libatomic1'
  if (/libatomic/.test(first.stderr) && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`Node.js needs libatomic (10 kB): ${apt}\n`)
    spawnSync('sh', ['-c', apt], { stdio: ['ignore', 'ignore', 'inherit'] })
    if (said().status === 0) return
  }
  const remedy = /libatomic/.test(first.stderr) ? ` Install it: sudo sh -c '${apt}'` : ''
  fail(`${pinnedNode} does not run: ${(first.stderr || String(first.error)).trim()}.${remedy}`)
}

/** Runs a script on the pinned Node.js; it hears of signals, and of our own end by the closing of its channel. */
const run = (script, args) => {
  const child = spawn(
    pinnedNode,
    ['--import', join(root, 'scripts', 'end-with-parent.js'), script, ...args],
    {
      cwd: root,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, PATH: [bin, dirname(pinnedNode), process.env.PATH].join(delimiter) },
    },
  )
  const end = () => child.kill('SIGTERM')
  // On Ctrl-C the terminal tells every process of the group, and npm tells us once more: the script hears it itself.
  for (const signal of signals) process.on(signal, end)
  endWithNpm(end)
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}

/** npm killed by SIGKILL tells nobody: then this process gets another parent. */
const endWithNpm = (end) => {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  setInterval(() => process.ppid === npm || end(), 1000).unref()
}

const fail = (message) => {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

await bootstrap()
