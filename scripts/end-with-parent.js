// `node --import ./scripts/end-with-parent.js …` with an 'ipc' channel in stdio: the process ends when whoever
// started it does, also when that one was killed by SIGKILL and could tell nobody. The operating system closes the
// channel then. Nothing of this is in the code of a stop.
import { enableCompileCache } from 'node:module'

const graceMs = 9000

enableCompileCache() // what was compiled is kept for the next start: that is a third of the work of one

process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.exit(1), graceMs).unref()
})
process.channel?.unref() // the channel alone keeps no process alive
