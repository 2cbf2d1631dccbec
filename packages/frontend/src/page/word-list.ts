import type { Word, Words } from 'contract'
import { type createClient, ProblemError } from 'contract/client'
import { createStore, type Store } from './store.ts'
import { backOffMs, retryAfterMs, whenSeen } from './trying-again.ts'

export type WordListState = {
  /** The words as loaded, page by page, in the order of the database, without those in `added`. */
  pages: readonly Words[]
  /** What was added here since the page was opened, newest first. */
  added: Words
  /** Whether the database has more than was loaded. */
  more: boolean
  /** Whether a page is on its way. */
  loading: boolean
  /**
   * How the last attempt ended. `waiting` for the database and `unreachable` try again by themselves, `failed` when
   * asked to.
   */
  phase: 'well' | 'waiting' | 'unreachable' | 'failed'
  /** Why it did not go well. */
  reason: string | undefined
}

export type WordList = Store<WordListState> & {
  /** Loads the next page, or the one that could not be loaded. */
  load(): Promise<void>
  /** Call it before a word is sent, and what it gives back when the database has it: the word is then shown once. */
  expect(word: Word): () => void
}

const pageWords = 100
const deadlineMs = 10_000

/** The words on this page: loaded a page at a time, with those that were just added kept apart. */
export const createWordList = (client: Pick<ReturnType<typeof createClient>, 'page'>): WordList => {
  const [store, set] = createStore<WordListState>({
    pages: [],
    added: [],
    more: true,
    loading: false,
    phase: 'well',
    reason: undefined,
  })
  /** How often each word of `added` has still to be left out of a page that is loaded later. */
  const unseen = new Map<string, number>()
  let next: string | undefined
  let failures = 0
  let cancelNext = () => {}

  const load = async (): Promise<void> => {
    if (store.state.loading || !store.state.more) return
    cancelNext()
    set({ ...store.state, loading: true })
    try {
      const page = await client.page(pageWords, next, { signal: AbortSignal.timeout(deadlineMs) })
      next = page.next
      failures = 0
      const words = page.words.filter((word) => !leaveOut(word))
      const pages = [...store.state.pages, words]
      set({
        ...store.state,
        pages,
        more: next !== undefined,
        loading: false,
        phase: 'well',
        reason: undefined,
      })
    } catch (error) {
      const waitMs = retryAfterMs(error)
      if (waitMs !== undefined) cancelNext = whenSeen(Math.max(waitMs, backOffMs(++failures)), load)
      set({ ...store.state, loading: false, phase: phaseAfter(error), reason: reasonOf(error) })
    }
  }

  const leaveOut = (word: Word): boolean => {
    const count = unseen.get(keyOf(word)) ?? 0
    if (count > 0) unseen.set(keyOf(word), count - 1)
    return count > 0
  }

  const expect = (word: Word): (() => void) => {
    const pagesBefore = store.state.pages.length
    const isThis = (other: Word) => keyOf(other) === keyOf(word)
    return () => {
      // A page that was loaded while the word was on its way may hold it already.
      const pages = [...store.state.pages]
      const index = pages.findIndex((page, index) => index >= pagesBefore && page.some(isThis))
      const page = pages[index]
      if (page) pages[index] = page.toSpliced(page.findIndex(isThis), 1)
      else unseen.set(keyOf(word), (unseen.get(keyOf(word)) ?? 0) + 1)
      const { word: text, definition } = word
      set({ ...store.state, pages, added: [{ word: text, definition }, ...store.state.added] })
    }
  }

  return Object.assign(store, { load, expect })
}

const phaseAfter = (error: unknown): WordListState['phase'] => {
  if (retryAfterMs(error) === undefined) return 'failed'
  return error instanceof ProblemError && error.problem.status === 503 ? 'waiting' : 'unreachable'
}

/** Words have no id in the contract: two with the same texts are the same to whoever reads them. */
export const keyOf = ({ word, definition }: Word): string => JSON.stringify([word, definition])

/** Why a request failed, in words for the person at the page. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof ProblemError) {
    const { status, instance } = error.problem
    // The text of a 500 refers to it.
    return status === 500 && instance ? `${error.message} (instance ${instance})` : error.message
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'No answer came in time.'
  return 'This stop does not answer. Is it running, and is the network there?'
}
