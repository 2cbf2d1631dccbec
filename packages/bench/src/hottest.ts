import { globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

type CallFrame = Profile['nodes'][number]['callFrame']

/** A function or package, and the part of the busy time that was spent in itself, in percent. */
type Hot = { name: string; percent: number }

/** Prints the hottest frames and packages of every server of a work, from the newest profile of each. */
export const printHottest = (folder: string, work: string): void => {
  const files = globSync(`${folder}/${work} */*.cpuprofile`).sort(
    (a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs,
  )
  for (const file of new Map(files.map((each) => [dirname(each), each])).values()) {
    console.log(`\n${file}`)
    for (const nameOf of [frameOf, partOf])
      for (const { name, percent } of hottest(file, nameOf))
        console.log(`${percent.toFixed(1).padStart(6)}% ${name}`)
  }
}

/**
 * What has the most time of its own in a .cpuprofile (`node --cpu-prof`), the hottest first; the time in
 * which there was nothing to do is left out, and that of starting and warming up. The file itself is a flame graph in any
 * browser's developer tools.
 */
const hottest = (file: string, nameOf: (frame: CallFrame) => string, count = 10): Hot[] => {
  const { nodes, samples, timeDeltas }: Profile = JSON.parse(readFileSync(file, 'utf8'))
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  const skippedUs = Math.min(startUs, timeDeltas.reduce((sum, delta) => sum + delta, 0) / 2)
  let atUs = 0
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    atUs += timeDeltas[index] ?? 0
    if (name === '(idle)' || atUs < skippedUs) continue
    times.set(name, (times.get(name) ?? 0) + Math.min(mostUs, timeDeltas[index] ?? 0))
  }
  const all = times.values().reduce((sum, time) => sum + time, 0)
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / all }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, count)
}

/** Microseconds of a sample: one is taken each thousand, and what comes later was kept waiting for a processor. */
const mostUs = 2000

/** Microseconds that a server takes to start and to be compiled, about. */
const startUs = 3e6

const frameOf = ({ functionName, url, lineNumber }: CallFrame): string =>
  url === ''
    ? functionName || '(native code)'
    : `${functionName || '(anonymous)'} ${packageOf(url)}:${lineNumber + 1}`

/** The npm package, or whose code it is otherwise. */
const partOf = ({ functionName, url }: CallFrame): string => {
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
