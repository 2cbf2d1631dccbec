import type { Word } from 'contract'
import { attemptMs, type createPlainClient, isInDoubt, newKey, ProblemError } from 'contract/client'
import { limits } from 'contract/limits'
import { createStore, type Store } from './store.ts'
import { askBeforeLeaving, readStored, writeStored } from './stored.ts'
import { backOffMs, retryAfterMs } from './trying-again.ts'
import { keyOf, reasonOf, type WordList } from './word-list.ts'

/** A word that the database could not take yet. */
export type KeptWord = Word & {
  /** Its Idempotency-Key: the same in every attempt, so that it is stored once. */
  key: string
  /** When it was first sent by an attempt that may have stored it, in milliseconds since 1970. */
  sentAtMs: number
  /** Why it is given back; undefined while it is going to be sent. */
  refusal?: string
  /** Whether it may be stored: an attempt has had no answer that says that it is not. */
  inDoubt?: boolean
}

export type KeptWords = Store<readonly KeptWord[]> & {
  /**
   * Sends a word. It is `added`, or `kept` to be sent again until the database has it.
   *
   * @throws what the client throws, when the word is refused
   */
  add(word: Word): Promise<'added' | 'kept'>
  /** Sends what is kept now: the database may be back. */
  sendAll(): void
  /** Takes a word out that was given back. */
  takeOut(key: string): void
}

/** A stop forgets a key after a day: a word that may have been stored before that could come twice. */
const keptAtMostMs = (limits.keyHours - 1) * 3_600_000

/** The words that are on their way: kept over an outage, and over a reload of the tab, and sent once. */
export const createKeptWords = (
  client: Pick<ReturnType<typeof createPlainClient>, 'put'>,
  list: WordList,
): KeptWords => {
  const [store, setState] = createStore<readonly KeptWord[]>(readStored('kept-words', []))
  /** Those whose first attempt is under way: in the tab's storage, but not shown as kept unless that fails. */
  let begun: readonly KeptWord[] = []
  /** The keys of words that are being sent without one: after a reload they are given back, because sent again they could come twice. */
  const keyless = new Set<string>()
  const arrivals = new Map<string, () => void>()
  /** Words that were not confirmed, by their texts: who sends the same again sends the same key, also after a reload. */
  const unconfirmed = new Map(readStored<[string, KeptWord][]>('unconfirmed', []))
  let failures = 0
  let sending = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const set = (words: readonly KeptWord[]) => {
    setState(words)
    writeStored(
      'kept-words',
      [...words, ...begun].map((kept) => (keyless.has(kept.key) ? { ...kept, refusal: unsure } : kept)),
    )
    writeStored('unconfirmed', [...unconfirmed])
    askBeforeLeaving(begun.length > 0 || isAnyWaiting(words))
  }
  const takeOut = (key: string) => set(store.state.filter((kept) => kept.key !== key))

  const giveBack = (kept: KeptWord, refusal: string) => {
    const given = { ...kept, refusal }
    remember(given)
    set(store.state.map((other) => (other.key === kept.key ? given : other)))
  }
  /** Once somebody was told that it could come twice, to send it again is to add another word. */
  const remember = (given: KeptWord) => {
    if (given.refusal === unsure || given.refusal === tooOld) unconfirmed.delete(keyOf(given))
    else unconfirmed.set(keyOf(given), given)
  }

  const add = async (word: Word): Promise<'added' | 'kept'> => {
    const { key = newKey(), sentAtMs = 0, inDoubt = false } = unconfirmed.get(keyOf(word)) ?? {}
    const kept = { ...word, key, sentAtMs, inDoubt }
    let retryMs: number | undefined
    // Before it is sent: a reload while the answer hangs must not lose it. What was given back is this word.
    begun = [...begun, kept]
    takeOut(key)
    try {
      retryMs = await send(kept)
    } catch (error) {
      remember({ ...kept, refusal: reasonOf(error) })
      throw error
    } finally {
      begun = begun.filter((other) => other !== kept)
      set(retryMs === undefined ? store.state : [...store.state, kept])
    }
    if (retryMs === undefined) return 'added'
    sendLater(retryMs)
    return 'kept'
  }

  /** Sends once. Gives the milliseconds after which to try again, undefined when the database has it. */
  const send = async (kept: KeptWord): Promise<number | undefined> => {
    const { word, definition, key, inDoubt = false } = kept
    const attempt = async (options: { key?: string }) => {
      if (!kept.inDoubt) kept.sentAtMs = Date.now()
      // Until an answer says otherwise: the page may be left before it comes.
      kept.inDoubt = true
      set(store.state)
      try {
        await client.put({ word, definition }, { ...options, signal: AbortSignal.timeout(attemptMs) })
      } catch (error) {
        kept.inDoubt = inDoubt || isInDoubt(error)
        set(store.state)
        throw error
      }
    }
    if (inDoubt && Date.now() - kept.sentAtMs > keptAtMostMs) throw refused(tooOld)
    expect(kept)
    try {
      await attempt({ key })
    } catch (error) {
      const retryMs = retryAfterMs(error)
      if (retryMs !== undefined) return retryMs
      const { problem } = error as ProblemError
      if (problem.status !== 501) throw error
      if (inDoubt) throw refused(unsure)
      // A stop that cannot keep keys: it is sent without one, a single time.
      keyless.add(key)
      await attempt({}).finally(() => keyless.delete(key))
    }
    unconfirmed.delete(keyOf(kept))
    arrivals.get(key)?.()
    arrivals.delete(key)
    return undefined
  }
  const expect = (kept: KeptWord) => {
    if (!arrivals.has(kept.key)) arrivals.set(kept.key, list.expect(kept))
  }

  const sendAll = async (): Promise<void> => {
    if (sending) return
    sending = true
    clearTimeout(timer)
    for (let kept = nextOf(store.state); kept; kept = nextOf(store.state)) {
      try {
        const retryMs = await send(kept)
        if (retryMs !== undefined) {
          failures++
          sendLater(retryMs)
          break
        }
        failures = 0
        takeOut(kept.key)
      } catch (error) {
        giveBack(kept, reasonOf(error))
      }
    }
    sending = false
  }
  // Also in a tab that nobody sees: who sent a word does not wait beside it.
  const sendLater = (retryMs: number) => {
    clearTimeout(timer)
    timer = setTimeout(sendAll, Math.max(retryMs, backOffMs(Math.max(1, failures))))
  }

  // All of them before the first page of words comes: it may hold each one whose answer alone was lost.
  for (const kept of [...store.state, ...unconfirmed.values()]) expect(kept)
  set(store.state)
  void sendAll()
  return Object.assign(store, { add, sendAll: () => void sendAll(), takeOut })
}

const unsure = 'Its answer was lost, and sent again it could come twice. See whether it is there.'

const tooOld = `It was first sent more than ${limits.keyHours - 1} hours ago, and sent again it could come twice. See whether it is there.`

/** What is thrown in the place of an attempt that could store a word twice. */
const refused = (detail: string) =>
  new ProblemError({ type: 'about:blank', title: 'Not sent', status: 501, detail })

/** Whether a word is still to be sent. */
export const isAnyWaiting = (words: readonly KeptWord[]): boolean => nextOf(words) !== undefined

const nextOf = (words: readonly KeptWord[]) => words.find(({ refusal }) => refusal === undefined)
