import { limits } from './limits.ts'

/** What is wrong with a text, in words for the person who typed it; undefined when nothing is. */
export const faultOf = (value: string): string | undefined => {
  if (value.trim() === '') return 'must not be blank'
  if (!value.isWellFormed()) return 'must be valid Unicode: it holds half of a surrogate pair'
  if (value.length <= limits.textCodePoints) return undefined // it has no more code points than UTF-16 units
  const length = codePoints(value)
  if (length > limits.textCodePoints)
    return `must have at most ${limits.textCodePoints} characters, not ${length}`
  return undefined
}

/** The length of a text in Unicode code points, which is what MySQL's varchar(256) counts. */
export const codePoints = (value: string): number => {
  let count = 0
  for (const _ of value) count++
  return count
}
