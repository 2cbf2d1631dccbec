import type { Health } from 'contract'
import { paths } from 'contract/limits'
import { useEffect, useRef } from 'preact/hooks'
import type { HealthWatch } from './health.ts'
import { Landscape } from './landscape.tsx'
import { StatusLine } from './status-line.tsx'
import { useStore } from './store.ts'
import { WordForm } from './word-form.tsx'
import type { WordList } from './word-list.ts'
import { WordListView } from './word-list-view.tsx'

/** The whole page: where this is, how it is connected, the form, the words. */
export const Page = ({ words, health }: { words: WordList; health: HealthWatch }) => {
  const list = useStore(words)
  const condition = useStore(health)
  const place = placeOf(condition.health)

  useEffect(() => {
    document.title = place === '' ? 'The Grand Tour' : `${place} · The Grand Tour`
  }, [place])
  // What failed says something about the stop, and a stop that is back something about what failed.
  useEffect(() => {
    if (list.phase !== 'well') health.askNow()
  }, [list.phase])
  const before = useRef(condition.state)
  useEffect(() => {
    const isBack = condition.state === 'ready' && before.current !== 'asking'
    if (isBack && list.phase !== 'well') void words.load()
    before.current = condition.state
  }, [condition.state])

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
      <StatusLine condition={condition} />
      <main class="width">
        <WordForm add={words.add} />
        <WordListView list={list} condition={condition} load={words.load} />
      </main>
    </>
  )
}

/** The name over the page: the database's own; before it has answered, what the stop is called. */
const placeOf = (health: Health | undefined): string => health?.database?.name ?? health?.title ?? ''
