import { createClient } from 'contract/client'
import { render } from 'preact'
import { watchHealth } from './health.ts'
import { Page } from './page.tsx'
import { createWordList } from './word-list.ts'

const client = createClient('')
const words = createWordList(client)
const health = watchHealth(client)
void words.load()
render(<Page words={words} health={health} />, document.body)
