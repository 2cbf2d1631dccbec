import { useLayoutEffect, useState } from 'preact/hooks'
import { isAnyWaiting, type KeptWords } from './kept-words.ts'
import { useStore } from './store.ts'
import { reasonOf } from './word-list.ts'

const notLoaded = 'They did not load. Try again; if the stop was updated meanwhile, reload the page.'

/** What stands where the database had no words: ten of them with one button, as long as none is added or on its way. */
export const NoWords = ({ hasAdded, kept }: { hasAdded: boolean; kept: KeptWords }) => {
  const isWaiting = useStore(kept, isAnyWaiting)
  const [adding, setAdding] = useState<boolean>()
  const [refusal, setRefusal] = useState<string>()
  const addSamples = async (): Promise<void> => {
    if (adding) return
    setAdding(true)
    const samples = await import('./sample-words.ts').catch(() => undefined)
    setRefusal(samples === undefined ? notLoaded : await samples.addSampleWords(kept.add, reasonOf))
    setAdding(false)
  }
  // The button goes with the first word: whoever was on it, and has not gone elsewhere, comes to the words.
  useLayoutEffect(() => {
    if (adding === false && document.activeElement === document.body)
      document.querySelector<HTMLElement>('.added, .ending')?.focus({ preventScroll: true })
  }, [adding])
  return (
    <div class="empty">
      {adding || !(hasAdded || isWaiting) ? (
        <>
          <h3>No words yet</h3>
          <p>Every tour starts somewhere: add the first one.</p>
          <button type="button" aria-disabled={adding} onClick={addSamples}>
            {adding ? 'Adding ten sample words …' : 'Add ten sample words'}
          </button>
        </>
      ) : (
        <p>The words above are the first ones.</p>
      )}
      <div role="alert">{refusal && <p class="notice bad">{refusal}</p>}</div>
    </div>
  )
}
