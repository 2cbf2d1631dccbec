import { useState } from 'preact/hooks'
import type { KeptWord, KeptWords } from './kept-words.ts'
import { Sign } from './sign.tsx'
import { useStore } from './store.ts'
import type { Draft } from './word-form.tsx'

/** The words that wait for the database, and those that it refused when it was back. */
export const KeptWordsView = ({ kept, draft }: { kept: KeptWords; draft: Draft }) => {
  const words = useStore(kept)
  const waiting = words.filter(({ refusal }) => refusal === undefined)
  const refused = words.filter(({ refusal }) => refusal !== undefined)
  return (
    <>
      {waiting.length > 0 && (
        <section class="kept" aria-labelledby="kept-heading">
          <h3 id="kept-heading">Kept until the database is back</h3>
          <dl>
            {waiting.map(({ key, word, definition }) => (
              <div key={key} class="row">
                <dt dir="auto">{word}</dt>
                <dd dir="auto">{definition}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      <div role="alert">
        {refused.map((word) => (
          <GivenBack key={word.key} kept={word} draft={draft} takeOut={() => kept.takeOut(word.key)} />
        ))}
      </div>
    </>
  )
}

type GivenBackProps = { kept: KeptWord; draft: Draft; takeOut: () => void }

const GivenBack = ({ kept: { word, definition, refusal, inDoubt }, draft, takeOut }: GivenBackProps) => {
  const [isFull, setFull] = useState(false)
  const putBack = () => {
    // What is typed stays typed.
    const { state } = draft
    if (state.word + state.definition !== '') return setFull(true)
    draft.set({ word, definition })
    takeOut()
    wordField()?.focus()
  }
  // The button that was pressed goes with the word. The focus never goes to another `Discard it`: a key that is pressed
  // for too long must not discard that word too.
  const discard = ({ currentTarget }: { currentTarget: Element }) => {
    const card = currentTarget.closest('.given-back')
    const other = card?.nextElementSibling ?? card?.previousElementSibling
    const next = other ? other.querySelector('button') : wordField()
    takeOut()
    next?.focus()
  }
  return (
    <div class="notice bad given-back">
      <h3>
        <Sign shape="bad" /> {inDoubt ? 'The database did not confirm' : 'The database did not take'}{' '}
        <bdi>{word}</bdi>
      </h3>
      <p>{refusal}</p>
      <p dir="auto">{definition}</p>
      <div class="buttons">
        <button type="button" onClick={putBack}>
          Put it back into the form
        </button>
        <button type="button" onClick={discard}>
          Discard it
        </button>
      </div>
      {isFull && <p>The form holds another word: add that one first, or clear it.</p>}
    </div>
  )
}

const wordField = () => document.querySelector<HTMLElement>('[name=word]')
