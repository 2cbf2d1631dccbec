import type { KeptWord } from './kept-words.ts'

const storageKey = 'kept-words'

/**
 * The words that were kept in this tab before it was loaded again. Of this tab alone: another one would send the same
 * words. A browser may refuse to store anything.
 */
export const readStored = (): readonly KeptWord[] => {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? '[]')
  } catch {
    return []
  }
}

/** Keeps words in this tab, over a reload. */
export const writeStored = (words: readonly KeptWord[]): void => {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(words))
  } catch {}
}

/** Has the browser ask before the tab is closed: with it goes what only the tab has. */
export const askBeforeLeaving = (isNeeded: boolean): void => {
  // Only while it is needed: in Firefox a page with this handler is not kept for going back to.
  window.onbeforeunload = isNeeded ? (event) => event.preventDefault() : null
}
