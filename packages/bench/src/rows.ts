/** A word and its definition, as the tables of the benchmark hold them: about 100 bytes of JSON. */
export type Row = { word: string; definition: string }

/** The row with the number n; of sixteen, one has characters of several bytes and one has some that JSON escapes. */
export const rowOf = (n: number): Row => {
  const text = texts[n % 16] ?? 'a definition as long as definitions are, mostly, and no longer'
  return { word: `word ${String(n).padStart(7, '0')}`, definition: text }
}

const texts: Record<number, string> = {
  3: 'der Anfang: naïve café, 日本語, 😀; as long as definitions are',
  11: 'a "definition"\twith quotes, a tab and a \\, as long as others',
}

/**
 * What is wrong with a text that is to be a JSON array of `count` different rows out of the first `of`, in any order,
 * and nothing else; undefined when nothing is.
 */
export const faultOf = (text: string, count: number, of: number): string | undefined => {
  const rows = parsed(text)
  if (rows === undefined) return `no JSON that is whole: ${text.length} characters`
  if (!Array.isArray(rows)) return 'JSON, and no array'
  if (rows.length !== count) return `${rows.length} rows, not ${count}`
  const seen = new Set<number>()
  for (const row of rows) {
    const n = Number(String(row?.word).slice('word '.length))
    if (!(n < of) || JSON.stringify(row) !== JSON.stringify(rowOf(n)))
      return `a wrong row: ${JSON.stringify(row)}`
    seen.add(n)
  }
  return seen.size === count ? undefined : `${count - seen.size} rows twice`
}

const parsed = (text: string): Row[] | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The numbers from `from` to below `to`. */
export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n)
