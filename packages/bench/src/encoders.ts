// `pnpm --filter bench encoders`: rows to the bytes of JSON, each way that there is, on one processor.
import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import { rowOf } from './rows.ts'

/** As the drivers give them: with an id, which an answer does not have. */
type Row = { id: number; word: string; definition: string }

const item: Schema = {
  type: 'object',
  properties: { word: { type: 'string' }, definition: { type: 'string' } },
  required: ['word', 'definition'],
}
const bySchema = fastJsonStringify({ type: 'array', items: item })
const oneBySchema = fastJsonStringify(item)

// What JSON escapes: RFC 8259 section 7; and halves of surrogate pairs, which JSON.stringify escapes as well.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/
const quoted = (text: string): string => (escaped.test(text) ? JSON.stringify(text) : `"${text}"`)

const encoders: Record<string, (rows: Row[]) => Buffer> = {
  'JSON.stringify of the rows, id and all': (rows) => Buffer.from(JSON.stringify(rows)),
  'JSON.stringify of copies without id': (rows) =>
    Buffer.from(JSON.stringify(rows.map(({ word, definition }) => ({ word, definition })))),
  'JSON.stringify of the rows, with a list of keys': (rows) =>
    Buffer.from(JSON.stringify(rows, ['word', 'definition'])),
  'JSON.stringify of each row, joined': (rows) =>
    Buffer.from(`[${rows.map(({ word, definition }) => JSON.stringify({ word, definition })).join(',')}]`),
  'fast-json-stringify of the rows': (rows) => Buffer.from(bySchema(rows)),
  'fast-json-stringify of each row, joined': (rows) =>
    Buffer.from(`[${rows.map((row) => oneBySchema(row)).join(',')}]`),
  'concatenation, JSON.stringify of each text': (rows) => {
    let text = ''
    for (const { word, definition } of rows)
      text += `${text === '' ? '[' : ','}{"word":${JSON.stringify(word)},"definition":${JSON.stringify(definition)}}`
    return Buffer.from(`${text}]`)
  },
  'concatenation, JSON.stringify where it is needed': (rows) => {
    let text = ''
    for (const { word, definition } of rows)
      text += `${text === '' ? '[' : ','}{"word":${quoted(word)},"definition":${quoted(definition)}}`
    return Buffer.from(`${text}]`)
  },
}

let bytes = 0
for (const count of [100, 1000]) {
  const made = Array.from({ length: 50 }, () =>
    Array.from({ length: count }, (_, n): Row => ({ id: n, ...JSON.parse(JSON.stringify(rowOf(n))) })),
  )
  const texts = Object.entries(encoders).map(([name, encode]) => [name, String(encode(made[0] ?? []))])
  const other = texts.find(([name, text]) => !name?.includes('id and all') && text !== texts[1]?.[1])
  if (other) throw new Error(`${other[0]}: another text than that of the others`)
  const best = new Map<string, number>()
  for (let round = 0; round < 40; round++) {
    for (const [name, encode] of Object.entries(encoders)) {
      const began = process.cpuUsage()
      for (const rows of made) bytes += encode(rows).length
      const { user, system } = process.cpuUsage(began)
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, (user + system) / made.length))
    }
  }
  for (const [name, us] of best) console.log(`${count} rows  ${us.toFixed(1).padStart(6)} µs  ${name}`)
}
console.log(`${(bytes / 1e9).toFixed(1)} GB of JSON`)
