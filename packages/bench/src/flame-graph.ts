import { basename } from 'node:path'
import { type CallFrame, frameOf, hottest, type Profile, partOf, selfUs } from './profile.ts'

/** A call, by all ways that lead to it from the root: microseconds in it, and in what it calls. */
type Call = { frame: CallFrame; us: number; calls: Map<string, Call> }

/**
 * An SVG of where the busy time of a profile goes: a bar for each call, as wide as its time, on the one that called it.
 * The colour says whose code it is; a browser tells the name and the percent of the bar that is pointed at.
 * Source: https://www.brendangregg.com/flamegraphs.html
 */
export const flameGraph = (profile: Profile, title: string): string => {
  const root = callsOf(profile)
  const scale = width / root.us
  const bars: Bar[] = []
  lay(root, 0, 0, scale, bars)
  const height = (Math.max(...bars.map(({ depth }) => depth)) + 1) * rowHeight
  const drawn = bars.map(({ call, x, depth }) => {
    const [y, wide] = [head + height - (depth + 1) * rowHeight, call.us * scale]
    const percent = ((100 * call.us) / root.us).toFixed(1)
    const name = labelOf(call.frame, Math.floor((wide - 6) / letterWidth))
    const text = name && `<text x="${(x + 3).toFixed(1)}" y="${y + 11}">${escaped(name)}</text>`
    const size = `width="${(wide - 0.5).toFixed(1)}" height="${rowHeight - 1}"`
    const bar = `<rect x="${x.toFixed(1)}" y="${y}" ${size} fill="${colourOf(partOf(call.frame))}"/>`
    return `<g><title>${escaped(frameOf(call.frame))}: ${percent}%</title>${bar}${text}</g>`
  })
  const legend = hottest(profile, partOf, 12).map(({ name, percent }, index) => {
    const [x, y] = [10 + (index % 4) * 295, 34 + Math.floor(index / 4) * 16]
    const square = `<rect x="${x}" y="${y}" width="10" height="10" fill="${colourOf(name)}"/>`
    return `${square}<text x="${x + 15}" y="${y + 9}">${escaped(name)}: ${percent.toFixed(1)}%</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${head + height}" role="img" aria-label="${escaped(title)}">
<style>svg { background: #fff; font: 11px ui-monospace, monospace } text { fill: #24292f; pointer-events: none } .title { font-size: 14px; font-weight: 600 }</style>
<text x="10" y="20" class="title">${escaped(title)}: time of each call and of what it calls; the legend is time of its own</text>
${[...legend, ...drawn].join('\n')}
</svg>
`
}

const width = 1200
const rowHeight = 15
const letterWidth = 6.7
/** Above the bars: the title and three lines of legend. */
const head = 90
/** Pixels of the narrowest bar that is drawn. */
const narrowest = 2

/** The calls of all samples as one tree: what is called from the same place by the same name is one call. */
const callsOf = (profile: Profile): Call => {
  const self = selfUs(profile)
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const merge = (node: Profile['nodes'][number], into: Call): number => {
    let us = self.get(node) ?? 0
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child === undefined) continue
      const name = frameOf(child.callFrame)
      const call = into.calls.get(name) ?? { frame: child.callFrame, us: 0, calls: new Map() }
      into.calls.set(name, call)
      us += merge(child, call)
    }
    into.us += us
    return us
  }
  const [first] = profile.nodes
  if (first === undefined) throw new Error('the profile is empty')
  const root: Call = { frame: first.callFrame, us: 0, calls: new Map() }
  merge(first, root)
  return root
}

type Bar = { call: Call; x: number; depth: number }

/** Places a call, and what it calls above it, the one that takes the longest first. */
const lay = (call: Call, x: number, depth: number, scale: number, bars: Bar[]): void => {
  if (call.us * scale < narrowest) return
  bars.push({ call, x, depth })
  let at = x
  for (const child of [...call.calls.values()].sort((a, b) => b.us - a.us)) {
    lay(child, at, depth + 1, scale, bars)
    at += child.us * scale
  }
}

/** This repository stands out; Node.js and what is native are grey; each package has a colour of its own. */
const colourOf = (part: string): string => {
  if (part === 'this repository') return '#ff8b3d'
  if (part.startsWith('Node.js')) return '#d8dee4'
  if (part.startsWith('native')) return '#b1bac4'
  if (part.startsWith('(')) return '#eaeef2'
  const hash = [...part].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7)
  return `hsl(${90 + (hash % 200)} 55% 72%)`
}

/** Its name, or its file where it has none, as far as there is room for it. */
const labelOf = ({ functionName, url, lineNumber }: CallFrame, letters: number): string => {
  const name = functionName || `${basename(url)}:${lineNumber + 1}`
  if (letters < 3) return ''
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
