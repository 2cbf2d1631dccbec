/** A word as its table has it; the id is what a cursor is made of. */
type Row = { id: string | number | bigint | { toString(): string }; word: string; definition: string }

/** At most `limit` rows after the one with the id `after`, or from the first, in the order of the id or its token. */
export type Read = (after: string | undefined, limit: number) => Promise<readonly Row[]>

/** Rows as a JSON array, and what each takes of it in bytes; with the id of the last where there may be more. */
export type Page = { json: Buffer; rowBytes: number; last: string | undefined }

/** The most that lists share, and that a list holds of each of two pages: of twenty slow readers, ten megabytes. */
const pageBytes = 256 * 1024

/**
 * Reads the pages of one list, or the first page of every list: each is {@link pageBytes} at most. It asks for as many
 * rows as took seven eighths of that by the page before, and keeps no more than fit: what does not is read again.
 *
 * @param firstRowBytes what a row is likely to take, before one was read
 */
export const pages = (read: Read, firstRowBytes: number) => {
  let rowBytes = firstRowBytes
  return async (after: string | undefined): Promise<Page> => {
    const most = Math.min(2000, Math.max(50, Math.floor((pageBytes * 7) / 8 / rowBytes)))
    let rows = await read(after, most)
    let isLast = rows.length < most
    let json = jsonOf(rows)
    while (json.length > pageBytes && rows.length > 1) {
      rows = rows.slice(0, Math.max(1, Math.floor((rows.length * pageBytes) / json.length)))
      json = jsonOf(rows)
      isLast = false
    }
    if (rows.length > 0) rowBytes = json.length / rows.length
    return { json, rowBytes, last: isLast ? undefined : `${rows.at(-1)?.id}` }
  }
}

/**
 * JSON.stringify of all rows at once is twice as fast as any other way, copies included: 12 µs for 100 rows, against 22
 * row by row, by concatenation or by fast-json-stringify (packages/bench, encoders.ts).
 */
export const jsonOf = (rows: readonly Row[]): Buffer =>
  Buffer.from(JSON.stringify(rows.map(({ word, definition }) => ({ word, definition }))))
