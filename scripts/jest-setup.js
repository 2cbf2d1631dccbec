import { format } from 'node:util'
import { afterAll, afterEach } from '@jest/globals'

// Tests make databases of their own: that of whoever runs them is left alone.
for (const name of Object.keys(process.env)) if (name.startsWith('COMPOSE_')) delete process.env[name]

// Whatever code under test writes with console.error is a failure, unless the test expects it and spies on it.
const print = console.error
const written = []
console.error = (...parts) => {
  written.push(format(...parts))
  print(...parts)
}

const failIfWritten = () => {
  const lines = written.splice(0)
  if (lines.length > 0) throw new Error(`unexpected console.error:\n${lines.join('\n')}`)
}
afterEach(failIfWritten)
afterAll(failIfWritten)
