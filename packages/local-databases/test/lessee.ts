import { type Kind, lease } from '../src/index.ts'

const [kind, options] = process.argv.slice(2)
const { env } = await lease(kind as Kind, JSON.parse(options ?? '{}'))
console.log(JSON.stringify({ env }))
setInterval(() => {}, 60_000) // until it is killed
