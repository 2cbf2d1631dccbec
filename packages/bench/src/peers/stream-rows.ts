import type { ServerResponse } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

type Word = { word: string; definition: string }

/** Answers with a stream of rows as one JSON array, as examples of streaming do. */
export const streamRows = async (rows: Readable, response: ServerResponse) => {
  let separator = '['
  const json = new Transform({
    writableObjectMode: true,
    transform({ word, definition }: Word, _, done) {
      done(null, `${separator}${JSON.stringify({ word, definition })}`)
      separator = ','
    },
    flush(done) {
      done(null, separator === '[' ? '[]' : ']')
    },
  })
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
  await pipeline(rows, json, response)
}
