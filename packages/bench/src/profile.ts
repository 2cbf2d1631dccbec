import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** A .cpuprofile (`node --cpu-prof`): https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export type Profile = {
  nodes: Node[]
  samples: number[]
  /** Microseconds before each sample. */
  timeDeltas: number[]
}
type Node = { id: number; callFrame: CallFrame; children?: number[] }
export type CallFrame = { functionName: string; url: string; lineNumber: number }

export const readProfile = (file: string): Profile => JSON.parse(readFileSync(file, 'utf8'))

/**
 * Microseconds that each node of the call tree was at the top of; the time in which there was nothing to do is left out,
 * and that of starting and warming up.
 */
export const selfUs = ({ nodes, samples, timeDeltas }: Profile): Map<Node, number> => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<Node, number>()
  const busy = samples.flatMap((id, index) => {
    const node = byId.get(id)
    return node && node.callFrame.functionName !== '(idle)' ? [{ node, us: timeDeltas[index] ?? 0 }] : []
  })
  const skippedUs = Math.min(startUs, busy.reduce((sum, { us }) => sum + us, 0) / 2)
  let atUs = 0
  for (const { node, us } of busy) {
    atUs += us
    if (atUs >= skippedUs) times.set(node, (times.get(node) ?? 0) + Math.min(mostUs, us))
  }
  return times
}

/** A function or package, and the part of the busy time that was spent in itself, in percent. */
type Hot = { name: string; percent: number }

/** What has the most time of its own, the hottest first. */
export const hottest = (profile: Profile, nameOf: (frame: CallFrame) => string, count = 10): Hot[] => {
  const times = new Map<string, number>()
  for (const [{ callFrame }, us] of selfUs(profile)) {
    const name = nameOf(callFrame)
    times.set(name, (times.get(name) ?? 0) + us)
  }
  const all = times.values().reduce((sum, time) => sum + time, 0)
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / all }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, count)
}

/** Microseconds of a sample: one is taken each thousand, and what comes later was kept waiting for a processor. */
const mostUs = 2000

/** Microseconds of processor time that a server takes to start and to be compiled, about. */
const startUs = 3e6

export const frameOf = ({ functionName, url, lineNumber }: CallFrame): string =>
  url === ''
    ? functionName || '(native code)'
    : `${functionName || '(anonymous)'} ${packageOf(url)}:${lineNumber + 1}`

/** The npm package, or whose code it is otherwise. */
export const partOf = ({ functionName, url }: CallFrame): string => {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code, system calls included'
  if (url.startsWith('node:')) return "Node.js's own JavaScript"
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'this repository'
}

/** The file with its package, or its folder. */
const packageOf = (url: string): string => {
  const [, inPackage] = /.*\/node_modules\/(.+)$/.exec(url) ?? []
  return (
    inPackage ?? (url.startsWith('node:') ? url : `${basename(url.replace(/\/[^/]*$/, ''))}/${basename(url)}`)
  )
}
