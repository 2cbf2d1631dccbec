import { createPlainClient } from 'contract/client'
import { render } from 'preact'
import { watchConnection } from './connection-watch.ts'
import { createKeptWords } from './kept-words.ts'
import { Page } from './page.tsx'
import { isStage } from './stage.ts'
import { createDraft } from './word-form.tsx'
import { createWordList } from './word-list.ts'

const client = createPlainClient('')
const words = createWordList(client)
const watch = watchConnection(client)
void words.load()
document.documentElement.classList.toggle('stage', isStage)
const kept = createKeptWords(client, words)
render(<Page words={words} kept={kept} draft={createDraft(kept.state)} watch={watch} />, document.body)
