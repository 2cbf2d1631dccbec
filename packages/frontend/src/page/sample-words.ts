import type { Words } from 'contract'
import type { KeptWords } from './kept-words.ts'

/** Adds the sample words, one after the other up to the first that is refused. Gives what to say of it, if one was. */
export const addSampleWords = async (
  add: KeptWords['add'],
  // Given, not imported: for one function, the page's first file would be cut in two.
  reasonOf: (error: unknown) => string,
): Promise<string | undefined> => {
  for (const [count, word] of sampleWords.entries()) {
    try {
      await add(word)
    } catch (error) {
      return `${count} of ten sample words went in. The next, ${word.word}, did not: ${reasonOf(error)}`
    }
  }
  return undefined
}

/** Ten words of the railway, in several scripts: what a database has to keep exactly as it is. */
const sampleWords: Words = [
  {
    word: 'viaduct',
    definition: 'A bridge of many arches, for a railway that would rather not go down and up.',
  },
  { word: 'semaphore', definition: 'An arm on a post: level for stop, raised for clear.' },
  { word: 'timetable', definition: 'A promise, in columns.' },
  { word: 'Fernweh', definition: 'A longing for places that one has not seen yet.' },
  { word: 'points', definition: 'Two rails that move, so that one line may become another.' },
  { word: 'halte', definition: 'Petite gare où le train s’arrête à la demande.' },
  { word: '駅弁', definition: 'A boxed meal of the region, sold at its stations.' },
  { word: 'قطار', definition: 'عربات متصلة تسير على سكة حديدية' },
  { word: '🚂', definition: 'A locomotive; four bytes in UTF-8, which not every table can hold.' },
  { word: 'terminus', definition: 'The last station, or the first, depending on where one lives.' },
]
