import { paths } from 'contract/limits'
import { useEffect, useRef } from 'preact/hooks'
import type { Condition, ConnectionWatch } from './connection-watch.ts'
import type { KeptWords } from './kept-words.ts'
import { Landscape } from './landscape.tsx'
import { StatusLine } from './status-line.tsx'
import { useStore } from './store.ts'
import { type Draft, WordForm } from './word-form.tsx'
import type { WordList } from './word-list.ts'
import { WordListView } from './word-list-view.tsx'

type PageProps = { words: WordList; kept: KeptWords; draft: Draft; watch: ConnectionWatch }

/** The whole page: where this is, how it is connected, the form, the words. */
export const Page = ({ words, kept, draft, watch }: PageProps) => {
  const place = useStore(watch, placeOf)
  useEffect(() => {
    document.title = place === '' ? 'The Grand Tour' : `${place} · The Grand Tour`
  }, [place])
  useGoingOn({ words, kept, watch })

  return (
    <>
      <header class="banner">
        <Landscape />
        <div class="width">
          <nav aria-label="About this stop">
            <a href={paths.docs}>The API</a>
            <a href={paths.openapi}>OpenAPI</a>
          </nav>
          <h1>
            <span class="tour">The Grand Tour</span>{' '}
            <span class={place.length > 12 ? 'place long' : 'place'}>{place}</span>
          </h1>
        </div>
      </header>
      <StatusLine watch={watch} />
      <main class="width">
        <WordForm draft={draft} kept={kept} />
        <WordListView words={words} kept={kept} draft={draft} watch={watch} />
      </main>
    </>
  )
}

/** What failed or worked says something about the stop, and a stop that is back something about what failed. */
const useGoingOn = ({ words, kept, watch }: Omit<PageProps, 'draft'>): void => {
  const state = useStore(watch, (condition) => condition.state)
  const phase = useStore(words, (list) => list.phase)
  const added = useStore(words, (list) => list.added)
  const waiting = useStore(kept, (list) => list.length)
  const before = useRef(state)
  useEffect(() => {
    if (phase !== 'well' || added.length + waiting > 0) watch.askNow()
  }, [phase, added, waiting])
  useEffect(() => {
    if (state === 'ready' && before.current !== 'asking') {
      if (phase !== 'well') void words.load()
      kept.sendAll()
    }
    before.current = state
  }, [state])
}

/** The name over the page: the database's own; before it has answered, what the stop is called. */
const placeOf = ({ report }: Condition): string => report?.database?.name ?? report?.title ?? ''
