// Starts a stop and says its process id; it runs until it is killed.
import { spawnStop } from 'conformance/stop'

const { process: stop } = await spawnStop('example', {}, { entry: `${import.meta.dirname}/stop.js` })
console.log(stop.pid)
