import type { Words } from 'contract'
import { Component } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { ConnectionWatch } from './connection-watch.ts'
import type { KeptWords } from './kept-words.ts'
import { KeptWordsView } from './kept-words-view.tsx'
import { NoWords } from './no-words.tsx'
import { useStore } from './store.ts'
import type { Draft } from './word-form.tsx'
import type { WordList, WordListState } from './word-list.ts'

type WordListViewProps = { words: WordList; kept: KeptWords; draft: Draft; watch: ConnectionWatch }

/** The words in the order of the database, and below them how it goes on. */
export const WordListView = ({ words, kept, draft, watch }: WordListViewProps) => {
  const list = useStore(words)
  const database = useStore(watch, ({ report }) => report?.database?.name)
  const isWaiting = useStore(watch, ({ state }) => state === 'waiting')
  const loaded = list.pages.reduce((sum, page) => sum + page.length, 0)
  const sentinel = useSentinel(list, words.load)
  const ending = useRef<HTMLDivElement>(null)
  const pressed = useRef(false)

  // The button that was pressed may be gone: whoever was on it, and has not gone elsewhere, stays at the same place.
  useLayoutEffect(() => {
    if (pressed.current && document.activeElement === document.body)
      ending.current?.focus({ preventScroll: true })
    if (list.phase === 'well' && !list.loading) pressed.current = false
  }, [list])
  const press = () => {
    pressed.current = true
    void words.load()
  }

  return (
    <section class="words" aria-labelledby="words-heading">
      <div class="heading">
        <h2 id="words-heading">Words</h2>
        <p role="status">{loaded + list.added.length > 0 && countOf(list, loaded, database)}</p>
      </div>
      <KeptWordsView kept={kept} draft={draft} />
      <JustAdded words={list.added} />
      {list.pages.map((page, index) => (
        <Rows key={index} words={page} />
      ))}
      {list.pages.length === 0 && list.phase === 'well' ? (
        // Not in the place of what comes after it, which would then jump to where the words end.
        <Loading />
      ) : (
        <div key="ending" ref={ending} class="ending" tabIndex={-1}>
          <Ending list={list} isWaiting={isWaiting} loaded={loaded} press={press} kept={kept} />
          <div ref={sentinel} />
        </div>
      )}
    </section>
  )
}

/** What was added since the page was opened: in sight at once, wherever in the list one is. */
const JustAdded = ({ words }: { words: Words }) => {
  if (words.length === 0) return null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, so the keyboard has to reach it
    <section class="added" aria-labelledby="added-heading" tabIndex={0}>
      <h3 id="added-heading">Just added</h3>
      <Rows words={words} />
    </section>
  )
}

/** One page of words: drawn once, however many follow. */
class Rows extends Component<{ words: Words }> {
  override shouldComponentUpdate({ words }: { words: Words }): boolean {
    return words !== this.props.words
  }
  render({ words }: { words: Words }) {
    if (words.length === 0) return null
    return (
      <dl>
        {/* From the end: what is added comes before the others, which stay what they are. */}
        {words.map(({ word, definition }, index) => (
          <div key={words.length - index} class="row">
            <dt dir="auto">{word}</dt>
            <dd dir="auto">{definition}</dd>
          </div>
        ))}
      </dl>
    )
  }
}

type EndingProps = {
  list: WordListState
  /** Whether the status line says already what is being waited for. */
  isWaiting: boolean
  loaded: number
  press: () => void
  kept: KeptWords
}

const Ending = ({ list, isWaiting, loaded, press, kept }: EndingProps) => {
  const { phase, loading, more, added, reason } = list
  if (phase === 'waiting')
    return (
      <div class="notice waiting">
        <h3>
          {loaded > 0 ? 'More words are waiting for the database' : 'The words are waiting for the database'}
        </h3>
        {!isWaiting && <p>{reason}</p>}
        <p>They appear by themselves as soon as it answers. What you type is kept.</p>
        <button type="button" onClick={press}>
          Try now
        </button>
      </div>
    )
  if (phase !== 'well')
    return (
      <div class="notice bad">
        <div role="alert">
          <h3>{loaded > 0 ? 'No more words came' : 'The words did not come'}</h3>
          <p>{reason}</p>
        </div>
        {/* What is tried again by itself changes nothing here while it is: one would see it flicker. */}
        {phase === 'unreachable' && <p>It is tried again by itself.</p>}
        <button type="button" aria-disabled={loading && phase === 'failed'} onClick={press}>
          {loading && phase === 'failed' ? 'Trying …' : 'Retry'}
        </button>
      </div>
    )
  if (more)
    return (
      <button type="button" aria-disabled={loading} onClick={press}>
        {loading ? 'Loading more words …' : 'Show more words'}
      </button>
    )
  if (loaded > 0) return <p class="terminus">End of the line</p>
  return <NoWords hasAdded={added.length > 0} kept={kept} />
}

const Loading = () => (
  <div class="loading">
    <p>Loading the words …</p>
    <div class="blanks" aria-hidden="true">
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <div key={row} class="row">
          <i />
          <i />
        </div>
      ))}
    </div>
  </div>
)

const countOf = ({ more, added }: WordListState, loaded: number, database: string | undefined): string => {
  const count = `${(loaded + added.length).toLocaleString('en')} ${more ? 'so far' : 'in all'}`
  return database ? `${count}, in ${database}’s own order` : count
}

/** An element that, when it comes near the screen, has the next page loaded. */
const useSentinel = ({ pages, more, phase, loading }: WordListState, load: WordList['load']) => {
  const sentinel = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!sentinel.current || !more || loading || phase !== 'well') return
    // There may be several entries at once: out of sight when it was first looked at, in sight a moment later.
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && load(),
      { rootMargin: '0px 0px 800px' },
    )
    observer.observe(sentinel.current)
    return () => observer.disconnect()
  }, [pages.length, more, phase, loading])
  return sentinel
}
