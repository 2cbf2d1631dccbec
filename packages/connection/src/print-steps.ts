import { styleText } from 'node:util'
import type { Step } from 'contract'
import { serverOf } from './urls.ts'

/**
 * Prints steps as they end, those of each server together under its name: what is known of the next server waits until
 * this one has its last step.
 *
 * Colours only where a terminal is: styleText looks at stdout, NO_COLOR and FORCE_COLOR.
 */
export const stepPrinter = (servers: readonly string[], title: string, print: (line: string) => void) => {
  const blocks = [...servers.map((server) => ({ of: server, name: server })), { of: null, name: title }]
  const lines = new Map<string | null, string[]>(blocks.map(({ of, name }) => [of, ['', name]]))
  const ended = new Set<string | null>()
  const flush = (isEnd: boolean) => {
    for (const { of } of blocks) {
      // A block without a step has nothing but its name.
      const waiting = lines.get(of) ?? []
      if (ended.has(of) || waiting.length !== 2) for (const line of waiting.splice(0)) print(line)
      if (!ended.has(of) && !isEnd) return
    }
  }
  return {
    /** Takes a step that has ended; its last step ends a server. */
    step: (server: string | null, step: Step) => {
      lines.get(server)?.push(...linesOf(step))
      if (step.step === 'login') ended.add(server)
      flush(false)
    },
    /** Prints what is left. */
    end: () => flush(true),
  }
}

const marks = {
  ok: ['green', '✓'],
  warning: ['yellow', '!'],
  failed: ['red', '✗'],
  skipped: ['dim', '-'],
  waiting: ['dim', '…'],
} as const

const linesOf = (step: Step): string[] => {
  const [colour, mark] = marks[step.state]
  const time = step.ms === null ? '' : `${step.ms} ms`
  const finding = step.state === 'skipped' ? 'not tried' : findingOf(step)
  const parts = [`${styleText(colour, mark)} ${step.step.padEnd(15)}`, finding, styleText('dim', time)]
  return [
    `  ${parts.filter((part) => part !== '').join('  ')}`.trimEnd(),
    ...step.faults.flatMap(({ origin, problem, remedy }) => [
      `      ${styleText(colour, `${origin}: ${problem}.`)}`,
      `      → ${remedy}`,
    ]),
  ]
}

/** What a step found, in one line; '' when it found nothing. */
const findingOf = (step: Step): string => {
  if (step.found === null) return ''
  switch (step.step) {
    case 'name':
      return step.found.addresses.join(', ')
    case 'port':
      return serverOf({ host: step.found.address, port: step.found.port })
    case 'certificate': {
      const { protocol, cipher, verified, subject, issuer, names, daysLeft } = step.found
      if (protocol === null) return 'not encrypted'
      const carried = names.length > 0 ? names.join(', ') : (subject ?? 'nobody')
      const left = daysLeft === null ? 'its end cannot be read' : `${daysLeft} days left`
      return `${protocol} (${cipher}), ${verified ? 'verified' : 'NOT verified'}; for ${carried}; by ${issuer}; ${left}`
    }
    case 'login': {
      const { user, plugin, server } = step.found
      const who = user === null ? 'without a user' : user
      // Java's class names: the last part says it.
      const how = plugin === null ? '' : ` by ${plugin.replace(/^.*\./, '')}`
      return `${who}${how}${server === null ? '' : `; ${server}`}`
    }
    case 'schema': {
      const { database, table, replication, charset, created } = step.found
      const { class: strategy, ...copies } = replication ?? {}
      const kept = Object.entries(copies).map(([name, count]) => `${name}: ${count}`)
      const more = [strategy?.replace(/^.*\./, ''), ...kept, charset, created ? 'just made' : undefined]
      return [`${database}.${table}`, ...more.filter((text) => text != null)].join(', ')
    }
    case 'read and write': {
      const { rowsRead, rowsWritten, consistency } = step.found
      const written = rowsWritten === null ? 'nothing written' : `${rowsWritten} written and taken back`
      return [`${rowsRead} read`, written, consistency].filter((text) => text !== null).join(', ')
    }
  }
}
