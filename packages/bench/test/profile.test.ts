import { expect, test } from '@jest/globals'
import { flameGraph } from '../src/flame-graph.ts'
import { type Profile, selfUs } from '../src/profile.ts'

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 0 })

/** Ten samples: those of the start, one of idle time, four of work, the last of which came late. */
const profile: Profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4] },
    { id: 2, callFrame: frame('handle', 'file:///tour/apps/example/src/words.ts'), children: [3] },
    { id: 3, callFrame: frame('', 'file:///tour/node_modules/.pnpm/pino/node_modules/pino/lib/<a>.js') },
    { id: 4, callFrame: frame('(idle)') },
  ],
  samples: [2, 2, 2, 2, 2, 4, 2, 3, 3, 3],
  timeDeltas: [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 3000],
}

test('the start and idle time do not count, and a sample that came late counts two milliseconds', () => {
  expect([...selfUs(profile)].map(([{ id }, us]) => [id, us])).toEqual([
    [2, 1000],
    [3, 4000],
  ])
})

test('a flame graph has a bar for each call, as wide as its time, above the one that called it', () => {
  const svg = flameGraph(profile, 'GET /words')
  const bars = [...svg.matchAll(/<title>(.*?)<\/title><rect x="(.*?)" y="(.*?)" width="(.*?)"/g)]
  expect(bars.map(([, title, x, y, width]) => [title, x, y, width])).toEqual([
    ['(root): 100.0%', '0.0', '120', '1199.5'],
    ['handle src/words.ts:1: 100.0%', '0.0', '105', '1199.5'],
    ['(anonymous) pino/lib/&lt;a>.js:1: 80.0%', '0.0', '90', '959.5'],
  ])
  expect(svg).toContain('>this repository: 20.0%</text>')
  expect(svg).toContain('>pino: 80.0%</text>')
  expect(svg).toContain('>&lt;a>.js:1</text>')
})
