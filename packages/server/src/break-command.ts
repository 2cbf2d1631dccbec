#!/usr/bin/env node
/**
 * break-it --port PORT [ACTION [--undo] | --restore]
 *
 * Breaks the database of a stop that runs in development, from a terminal: what the buttons of its page do. Without an
 * action it lists them. It asks the stop where PORT of the environment or `.env` says, else at --port.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

type Breakage = { id: string; title: string; broken: boolean }

if (existsSync('.env')) process.loadEnvFile('.env')
const { port, action, isUndo, isRestore } = argumentsGiven()
const url = `http://localhost:${process.env.PORT || port}/break`

if (isRestore) await ask('DELETE', url)
else if (action !== undefined) await ask(isUndo ? 'DELETE' : 'POST', `${url}/${encodeURIComponent(action)}`)
const breakages = (await (await ask('GET', url)).json()) as Breakage[]
for (const { id, title, broken } of breakages)
  console.log(`${broken ? '✗' : ' '} ${id.padEnd(20)} ${title}${broken ? ': done' : ''}`)

function argumentsGiven() {
  try {
    const options = {
      port: { type: 'string' },
      undo: { type: 'boolean' },
      restore: { type: 'boolean' },
    } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [action, ...more] = positionals
    const { undo: isUndo = false, restore: isRestore = false, port } = values
    if (more.length > 0 || (isUndo && !action) || (isRestore && action))
      throw new Error('One action, or --restore.')
    return { port, action, isUndo, isRestore }
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: break [ACTION [--undo] | --restore]`)
    process.exit(2)
  }
}

/** The answer of the stop; what it refuses is told, and ends this process. */
async function ask(method: string, address: string): Promise<Response> {
  const response = await fetch(address, { method }).catch(() => undefined)
  if (response?.ok) return response
  const why =
    response === undefined
      ? `Nothing answers at ${url}. Start the stop: pnpm --filter … dev`
      : response.status === 404 && address === url
        ? `What answers at ${url} has no database that may be broken: it is not one of \`dev\` or \`npm start\`.`
        : (((await response.json().catch(() => ({}))) as { detail?: string }).detail ??
          `It answered ${response.status}.`)
  console.error(why)
  process.exit(1)
}
