// `node --import end-with-parent.js end-together.ts ARGUMENT…`: Node.js with these arguments, which ends with whoever
// started this, however that ended. `node --watch` cannot do it by itself: it hands `--import` on to what it runs.
import { spawn } from 'node:child_process'

const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' })
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.once('exit', (code) => process.exit(code ?? 1))
