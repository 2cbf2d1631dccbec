import type { Word } from 'contract'

/** A word as its table has it; the id is what a cursor is made of. */
type Row = { id: string | number | bigint | { toString(): string }; word: string; definition: string }

/** At most `limit` rows after the one with the id `after`, or from the first, in the order of the id or its token. */
export type Read = (after: string | undefined, limit: number) => Promise<readonly Row[]>

/** The same from the first row on: word and definition, and nothing else. */
export type ReadShort = (limit: number) => Promise<readonly Word[]>

/** Rows as a JSON array, and what each takes of it in bytes; with the id of the last where there may be more. */
export type Page = { json: Buffer; rowBytes: number; last: string | undefined }

/** The whole list, as a JSON array. */
type Whole = { json: string; last: undefined }

/**
 * What a page takes at most, in bytes: 256 kB where one list is being sent, less each where there are several, but 64 kB.
 * A list holds two pages, so eighty slow readers hold ten megabytes. On CQL, pages of 64 kB make a list a third slower.
 */
export const pageBytes = (lists: number): number => Math.max(64, 256 / lists) * 1024

/**
 * Reads the pages of one list. It asks for as many rows as took seven eighths of a page's bytes by the page before, and
 * keeps no more than fit: what does not is read again.
 *
 * @param firstRowBytes what a row is likely to take, before one was read
 * @param mostBytesNow what the next page takes at most
 */
export const pages = (read: Read, firstRowBytes: number, mostBytesNow: () => number) => {
  let rowBytes = firstRowBytes
  return async (after: string | undefined): Promise<Page> => {
    const mostBytes = mostBytesNow()
    const most = Math.min(mostRows, Math.max(50, Math.floor((mostBytes * 7) / 8 / rowBytes)))
    let rows = await read(after, most)
    let isLast = rows.length < most
    let json = jsonOf(rows)
    while (json.length > mostBytes && rows.length > 1) {
      rows = rows.slice(0, Math.max(1, Math.floor((rows.length * mostBytes) / json.length)))
      json = jsonOf(rows)
      isLast = false
    }
    if (rows.length > 0) rowBytes = json.length / rows.length
    return { json, rowBytes, last: isLast ? undefined : `${rows.at(-1)?.id}` }
  }
}

/**
 * Reads the first page of every list. As long as that is the whole list, without ids, which only a page after it needs: they
 * cost a fifth of reading a hundred rows on MySQL, and more on CQL. A list that was not short is read again with them.
 */
export const firstPages = (read: Read, readShort: ReadShort | undefined) => {
  const readPage = pages(read, 100, () => pageBytes(1))
  let isShort = true
  return async (): Promise<Page | Whole> => {
    if (isShort && readShort !== undefined) {
      const rows = await readShort(mostRows)
      const json = rows.length < mostRows ? JSON.stringify(rows) : undefined
      if (json !== undefined && Buffer.byteLength(json) <= pageBytes(1)) return { json, last: undefined }
    }
    const page = await readPage(undefined)
    isShort = page.last === undefined
    return page
  }
}

/** The most rows of a page, however little they take. */
const mostRows = 2000

/**
 * JSON.stringify of all rows at once is twice as fast as any other way, copies included: 12 µs for 100 rows, against 22
 * row by row, by concatenation or by fast-json-stringify (packages/bench, encoders.ts).
 */
export const textOf = (rows: readonly Word[]): string =>
  JSON.stringify(rows.map(({ word, definition }) => ({ word, definition })))

const jsonOf = (rows: readonly Word[]): Buffer => Buffer.from(textOf(rows))
