import type { Word } from 'contract'
import { ProblemError } from 'contract/client'
import { limits } from 'contract/limits'
import { codePoints, faultOf } from 'contract/text'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { isAnyWaiting, type KeptWords } from './kept-words.ts'
import { createStore, type Store, useStore } from './store.ts'
import { readStored, writeStored } from './stored.ts'
import { keyOf, reasonOf } from './word-list.ts'

type Field = keyof Word
type Faults = Partial<Record<Field, string | undefined>>
type Outcome = { word: string; count: number; what: 'added' | 'kept' }

const fields = ['word', 'definition'] as const

/** What is typed and not sent yet. */
export type Draft = Store<Word> & { set(word: Word): void }

/** What was typed before a reload; without what is among `kept`: that was being sent when the page was left. */
export const createDraft = (kept: readonly Word[]): Draft => {
  const stored = readStored('draft', nothing)
  const [store, setState] = createStore(nothing)
  const set = (word: Word) => {
    setState(word)
    writeStored('draft', word)
  }
  set(kept.some((word) => keyOf(word) === keyOf(stored)) ? nothing : stored)
  return Object.assign(store, { set })
}
const nothing: Word = { word: '', definition: '' }

/** The form: what is typed stays until it is on its way for good, and a refusal says which field and why. */
export const WordForm = ({ draft, kept }: { draft: Draft; kept: KeptWords }) => {
  const values = useStore(draft)
  const isAnyKept = useStore(kept, isAnyWaiting)
  const [judged, setJudged] = useState<{ values: Word; faults: Faults }>({ values: nothing, faults: {} })
  const [refusal, setRefusal] = useState<string>()
  const [sending, setSending] = useState(false)
  const [outcome, setOutcome] = useState<Outcome>()
  const form = useRef<HTMLFormElement>(null)
  const isSending = useRef(false)
  const goTo = useRef<Field>(undefined)

  // After the drawing: a screen reader that comes to the field finds its fault described. The answer may come late: whoever
  // has gone elsewhere stays there.
  useLayoutEffect(() => {
    const here = document.activeElement?.matches('body, form *') ? form.current : null
    here?.querySelector<HTMLElement>(`[name=${goTo.current}]`)?.focus()
    goTo.current = undefined
    if (refusal) here?.querySelector('[role=alert]')?.scrollIntoView({ block: 'nearest' })
  }, [judged, outcome, refusal])

  const refuse = (faults: Faults): boolean => {
    goTo.current = fields.find((field) => faults[field] !== undefined)
    setJudged({ values: draft.state, faults })
    return goTo.current !== undefined
  }
  /** What is wrong with a field that was refused: what was said of it, or of what it holds now. */
  const faultIn = (field: Field): string | undefined => {
    const fault = judged.faults[field]
    return fault === undefined || judged.values[field] === values[field] ? fault : faultOf(values[field])
  }

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (isSending.current) return
    setRefusal(undefined)
    const word = draft.state
    if (refuse({ word: faultOf(word.word), definition: faultOf(word.definition) })) return
    isSending.current = true
    setSending(true)
    try {
      const what = await kept.add(word)
      draft.set(nothing)
      setOutcome({ word: word.word, count: (outcome?.count ?? 0) + 1, what })
      goTo.current = 'word'
    } catch (error) {
      setOutcome(undefined)
      if (!refuse(faultsIn(error))) setRefusal(refusalOf(error))
    } finally {
      isSending.current = false
      setSending(false)
    }
  }

  // That a word is kept is said for as long as it is.
  const isTold = outcome && !sending && (outcome.what === 'added' || isAnyKept)
  return (
    <form ref={form} onSubmit={submit} noValidate aria-labelledby="add-heading">
      <h2 id="add-heading">Add a word</h2>
      {fields.map((field) => (
        <TextField
          key={field}
          name={field}
          value={values[field]}
          fault={faultIn(field)}
          readOnly={sending}
          onChange={(value) => draft.set({ ...draft.state, [field]: value })}
        />
      ))}
      <div role="alert">{refusal && <p class="notice bad">{refusal}</p>}</div>
      <button type="submit" class="main" aria-disabled={sending}>
        {sending ? 'Adding …' : 'Add word'}
      </button>
      <p class={isTold && outcome?.what === 'kept' ? 'notice waiting' : 'unseen'} role="status">
        {isTold && (
          <span key={outcome.count}>
            {outcome.what === 'added' ? 'Added' : 'Kept'} <bdi>{outcome.word}</bdi>
            {outcome.what === 'added' ? '.' : ': it is sent, once, as soon as the database is back.'}
          </span>
        )}
      </p>
    </form>
  )
}

type TextFieldProps = {
  name: Field
  value: string
  fault: string | undefined
  readOnly: boolean
  onChange: (value: string) => void
}

const TextField = ({ name, value, fault, readOnly, onChange }: TextFieldProps) => {
  const left = limits.textCodePoints - codePoints(value)
  const attributes = {
    id: name,
    name,
    value,
    readOnly,
    required: true,
    dir: 'auto',
    autoComplete: 'off',
    'aria-invalid': fault !== undefined,
    'aria-describedby': `${name}-fault ${name}-left ${name}-hint`,
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      onChange(event.currentTarget.value),
  } as const
  return (
    <div class="field">
      <label for={name}>{labels[name]}</label>
      <span id={`${name}-left`} class={left < 0 ? 'left over' : 'left'}>
        {left <= 56 && (left < 0 ? `${-left} too many` : `${left} left`)}
      </span>
      {name === 'word' ? (
        <input type="text" {...attributes} />
      ) : (
        <textarea rows={2} {...attributes} onKeyDown={submitOnEnter} />
      )}
      <p id={`${name}-hint`} class="left hint">
        {name === 'definition' && 'Enter sends, Shift+Enter starts a new line.'}
      </p>
      <p id={`${name}-fault`} class="fault">
        {fault !== undefined && `${labels[name]} ${fault}.`}
      </p>
    </div>
  )
}

const labels: Record<Field, string> = { word: 'Word', definition: 'Definition' }

/**
 * Enter sends, as in every one-line field; Shift+Enter makes a new line, Enter in an input method chooses. Safari says that
 * it composes no more before it says that Enter chose, with this code: https://bugs.webkit.org/show_bug.cgi?id=165004
 */
const submitOnEnter = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
  event.preventDefault()
  event.currentTarget.form?.requestSubmit()
}

const faultsIn = (error: unknown): Faults => {
  const errors = error instanceof ProblemError ? (error.problem.errors ?? []) : []
  return Object.fromEntries(errors.map(({ field, message }) => [field, message]))
}

const refusalOf = (error: unknown): string => {
  // A 4xx was not stored; after anything else only the stop can know, and it says so where it does.
  if (error instanceof ProblemError)
    return `${error.problem.status < 500 ? 'Not added' : 'Not confirmed'}: ${sentence(reasonOf(error))} Your text is kept.`
  return `${reasonOf(error)} The word may or may not have been added. Your text is kept.`
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
