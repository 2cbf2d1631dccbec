import { describe, expect, test } from '@jest/globals'
import { accessibilityFaults, sidewaysOverflow } from 'conformance/browser'
import { until } from 'conformance/until'
import type { Word } from 'contract'
import { useCannedPage } from './canned-page.ts'
import * as reports from './canned-reports.ts'
import { problem } from './canned-stop.ts'

// What the conformance suite cannot bring about on a real stop at a given moment: the stop is a stub, the browser is not.
describe('the page', () => {
  const canned = useCannedPage()

  /** Opens the page in a browser in which `script` has run before the page's own. */
  const openWith = async (script: string): Promise<void> => {
    await canned.open()
    await canned.page.addInitScript(script)
    await canned.page.reload()
  }

  test('says that it is loading until the words come', async () => {
    const gate = Promise.withResolvers<void>()
    canned.stop.gate = gate.promise
    await canned.open()
    await canned.page.getByText('Loading the words').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    gate.resolve()
    await canned.page.getByText('No words yet').waitFor()
  })

  test('waits for the database, says why in the words of the stop, and goes on by itself with the text kept', async () => {
    canned.stop.report = { ...reports.starting, reason: 'nothing listens on db:9042' }
    canned.stop.problem = problem(503, 'nothing listens on db:9042')
    canned.stop.words = numbered(1)
    await canned.open()
    await canned.page.getByText('The words are waiting for the database').waitFor()
    const status = canned.page.getByRole('region', { name: 'Connection' }).getByRole('status')
    await status.getByText('nothing listens on db:9042').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    await field('Word').fill('kept')
    canned.stop.report = reports.threeMembers
    canned.stop.problem = undefined
    await canned.page.getByText('word 0').waitFor()
    await status.getByText('Connected to ScyllaDB 2025.4.1').waitFor()
    expect(await field('Word').inputValue()).toBe('kept')
  })

  test('tries again no sooner than the stop asks for, while its database is ready but busy', async () => {
    canned.stop.problem = problem(503, 'all 10 connections are busy')
    canned.stop.retryAfterSeconds = 3
    await canned.open()
    await canned.page.getByText('all 10 connections are busy').waitFor()
    await canned.page.waitForRequest('**/words*')
    canned.stop.problem = undefined
    await canned.page.getByText('No words yet').waitFor()
    const [first = 0, second = 0] = canned.stop.askedAtMs.get('/words') ?? []
    expect(second - first).toBeGreaterThanOrEqual(2990)
  })

  test('tries again within the hour where the stop asks for more than a timer can hold', async () => {
    canned.stop.problem = problem(503, 'all 10 connections are busy')
    canned.stop.retryAfterSeconds = 3_000_000
    await canned.open('/', { hasOwnClock: true })
    await canned.page.getByText('all 10 connections are busy').waitFor()
    const asked = (path: string) => canned.stop.askedAtMs.get(path)?.length ?? 0
    const before = asked('/connection')
    await canned.page.clock.fastForward(3_000_000)
    await until('what else is asked', () => asked('/connection') > before)
    expect(asked('/words')).toBe(1)
    await canned.page.clock.fastForward(600_000)
    await until('another attempt', () => asked('/words') === 2)
  })

  test('keeps the words that it has while the database is away, and loads the rest when it is back', async () => {
    canned.stop.words = numbered(150)
    await canned.open()
    await canned.page.getByText('100 so far').waitFor()
    canned.stop.report = { ...reports.waiting, reason: 'the server closed the connection' }
    canned.stop.problem = problem(503, 'the server closed the connection')
    await canned.page.locator('.ending').scrollIntoViewIfNeeded()
    await canned.page.getByText('More words are waiting for the database').waitFor()
    await canned.page.getByText('the server closed the connection').waitFor()
    expect(await canned.page.locator('dt').count()).toBe(100)
    canned.stop.report = reports.threeMembers
    canned.stop.problem = undefined
    await canned.page.getByText('150 in all').waitFor()
  })

  test('shows a fault of the stop in its words, and loads the words when asked to', async () => {
    canned.stop.problem = problem(500, 'A fault of this service.')
    await canned.open()
    await canned.page.getByRole('alert').getByText('A fault of this service.').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    canned.stop.problem = undefined
    canned.stop.words = numbered(2)
    await canned.page.getByRole('button', { name: 'Retry' }).click()
    await canned.page.getByText('word 1').waitFor()
  })

  test('says under which id the log of the stop has more of a fault, of the words and of one', async () => {
    const fault = problem(500, 'A fault of this service. Its log has more, under the id in "instance".')
    canned.stop.problem = canned.stop.addProblem = { ...fault, instance: '7f3c' }
    await canned.open()
    const alert = canned.page.getByRole('alert').filter({ hasText: 'in "instance". (instance 7f3c)' })
    await alert.getByText('The words did not come').waitFor()
    await add('halt', 'A small station')
    await alert.getByText('Not confirmed').waitFor()
  })

  test('goes on by itself where the stop was gone for a moment only, of which nothing else tells', async () => {
    canned.stop.words = numbered(150)
    await canned.open()
    await canned.page.getByText('100 so far').waitFor()
    await canned.page.getByText('Connected to').waitFor()
    canned.stop.isGone = true
    await canned.page.locator('.ending').scrollIntoViewIfNeeded()
    const failed = canned.page.getByRole('alert').filter({ hasText: 'No more words came' })
    await failed.waitFor()
    await canned.page.getByText('It is tried again by itself.').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    // The watch asks every ten seconds while it knows of nothing: here it never learns that the stop was gone.
    await canned.page.route('**/connection', () => {})
    canned.stop.isGone = false
    await canned.page.getByText('150 in all').waitFor({ timeout: 9000 })
  })

  test('says how quick the database is also when nothing was asked of it for a minute', async () => {
    const { threeMembers } = reports
    canned.stop.report = { ...threeMembers, live: { ...threeMembers.live, lastMinute: [] } }
    await canned.open()
    await canned.page
      .getByRole('region', { name: 'Connection' })
      .getByText('2.4 ms', { exact: true })
      .waitFor()
  })

  test('shows a refusal of a whole word with the text kept, and the word goes in once the stop takes it', async () => {
    canned.stop.addProblem = problem(
      422,
      'The table words cannot hold this text: its character set is latin1',
    )
    await canned.open()
    await add('🚂', 'A locomotive')
    await canned.page.getByRole('alert').getByText('its character set is latin1').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    expect(await field('Word').inputValue()).toBe('🚂')
    canned.stop.addProblem = undefined
    await canned.page.keyboard.press('Enter')
    await canned.page.getByText('Added 🚂.').waitFor()
    expect(canned.stop.words).toEqual([{ word: '🚂', definition: 'A locomotive' }])
  })

  test('leaves whoever has gone elsewhere before the answer came where they are', async () => {
    await canned.open('/', { viewport: { width: 360, height: 300 } })
    await canned.page.getByText('No words yet').waitFor()
    const elsewhere = canned.page.getByRole('link', { name: 'The API' })
    for (const refusal of [undefined, problem(422, 'its character set is latin1')]) {
      canned.stop.addProblem = refusal
      const gate = Promise.withResolvers<void>()
      canned.stop.gate = gate.promise
      await add('halt', 'A small station')
      await canned.page.getByRole('button', { name: 'Adding' }).waitFor()
      await elsewhere.focus()
      const scrolled = await canned.page.evaluate('scrollY')
      gate.resolve()
      await canned.page.getByText(refusal?.detail ?? 'Added halt.').waitFor()
      expect(await elsewhere.evaluate('document.activeElement.textContent')).toBe('The API')
      expect(await canned.page.evaluate('scrollY')).toBe(scrolled)
    }
  })

  test('takes all that changes in one moment, as where a browser fills the form and sends it', async () => {
    await canned.open()
    await canned.page.getByText('No words yet').waitFor()
    await canned.page.evaluate(`
      for (const [name, text] of [['word', 'halt'], ['definition', 'A small station']]) {
        const field = document.querySelector('[name=' + name + ']')
        field.value = text
        field.dispatchEvent(new InputEvent('input', { bubbles: true }))
      }
      document.querySelector('form').requestSubmit()`)
    await canned.page.getByText('Added halt.').waitFor()
    expect(canned.stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
  })

  test('says at the definition which key sends and which starts a new line, and so they do', async () => {
    await canned.open()
    const described = await canned.page.evaluate<string>(`
      document.querySelector('[name=definition]').getAttribute('aria-describedby').split(' ')
        .map((id) => document.getElementById(id).textContent).join('')`)
    await canned.page.getByText(described, { exact: true }).waitFor()
    expect(described).toBe('Enter sends, Shift+Enter starts a new line.')
    await field('Word').fill('halt')
    await field('Definition').pressSequentially('A small')
    await canned.page.keyboard.press('Shift+Enter')
    await field('Definition').pressSequentially('station')
    await canned.page.keyboard.press('Enter')
    await canned.page.getByText('Added halt.').waitFor()
    expect(canned.stop.words).toEqual([{ word: 'halt', definition: 'A small\nstation' }])
  })

  test('sends a word once, however often one presses Enter', async () => {
    await canned.open()
    await canned.page.getByText('No words yet').waitFor()
    const gate = Promise.withResolvers<void>()
    canned.stop.gate = gate.promise
    await add('halt', 'A small station')
    await canned.page.getByRole('button', { name: 'Adding' }).waitFor()
    await canned.page.keyboard.press('Enter')
    await canned.page.getByRole('button', { name: 'Adding' }).click({ force: true })
    gate.resolve()
    await canned.page.getByText('Added halt.').waitFor()
    expect(canned.stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
  })

  test('shows a word that was just added once, also when the page that holds it comes', async () => {
    canned.stop.words = numbered(150)
    await canned.open('/', { viewport: { width: 1280, height: 800 } })
    await canned.page.getByText('word 99', { exact: true }).waitFor({ state: 'attached' })
    await add('halt', 'A small station')
    await canned.page.getByRole('region', { name: 'Just added' }).getByText('halt').waitFor()
    await canned.page.getByRole('button', { name: 'Show more words' }).scrollIntoViewIfNeeded()
    await canned.page.getByText('End of the line').waitFor()
    expect(await canned.page.locator('dt', { hasText: 'halt' }).count()).toBe(1)
    expect(await canned.page.locator('dt').count()).toBe(151)
  })

  test('shows a new word at once and moves nothing, wherever in the words one is', async () => {
    canned.stop.words = numbered(100)
    await canned.open()
    const row = canned.page.getByText('word 60', { exact: true })
    await row.scrollIntoViewIfNeeded()
    const before = await row.boundingBox()
    await add('halt', 'A small station')
    await canned.page.getByText('Added halt.').waitFor()
    const added = await canned.page.locator('dt', { hasText: 'halt' }).boundingBox()
    expect(added?.y).toBeGreaterThanOrEqual(0)
    expect(Math.abs(((await row.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2)
  })

  test('moves each word that is added in, not the first alone', async () => {
    await canned.open()
    await canned.page.getByText('No words yet').waitFor()
    await canned.page.evaluate(`
      window.arrived = []
      addEventListener('animationstart', ({ animationName, target }) =>
        animationName === 'arrive' && arrived.push(target.firstChild.textContent))`)
    const arrived = () => canned.page.evaluate<string[]>('arrived')
    for (const word of ['one', 'two', 'three']) {
      await add(word, 'of three')
      await until(`${word} to be moved`, async () => (await arrived()).at(-1) === word)
    }
    expect(await arrived()).toEqual(['one', 'two', 'three'])
  })

  test('loads more words where it is told of two looks at once, the first with the end of the list out of sight', async () => {
    canned.stop.words = numbered(230)
    await openWith(`IntersectionObserver = class {
      constructor(tell) { this.tell = tell }
      observe() { setTimeout(() => this.tell([{ isIntersecting: false }, { isIntersecting: true }])) }
      disconnect() {}
    }`)
    await canned.page.getByText('230 in all').waitFor()
  })

  test('loads more words with a button, where nothing tells it that one scrolls', async () => {
    canned.stop.words = numbered(230)
    await openWith('IntersectionObserver = class { observe() {} disconnect() {} }')
    await canned.page.getByText('100 so far').waitFor()
    await canned.page.getByRole('button', { name: 'Show more words' }).click()
    await canned.page.getByText('200 so far').waitFor()
    await canned.page.getByRole('button', { name: 'Show more words' }).press('Enter')
    await canned.page.getByText('230 in all').waitFor()
    expect(await canned.page.locator('.ending').evaluate('document.activeElement.className')).toBe('ending')
  })

  test('keeps the focus where a button is gone that brought words, and more are to come', async () => {
    canned.stop.words = numbered(150)
    canned.stop.problem = problem(503, 'all 10 connections are busy')
    canned.stop.retryAfterSeconds = 60
    await canned.open()
    await canned.page.getByRole('button', { name: 'Try now' }).waitFor()
    canned.stop.problem = undefined
    await canned.page.getByRole('button', { name: 'Try now' }).press('Enter')
    await canned.page.getByText('100 so far').waitFor()
    expect(await canned.page.locator('.ending:focus-within').count()).toBe(1)
  })

  test('says that a connection is not encrypted, or encrypted but not verified', async () => {
    const database = { name: 'MySQL', version: '9.7.0', tls: null, verified: false }
    canned.stop.report = { ...reports.unverified, database }
    await canned.open()
    await canned.page.getByText('Not encrypted').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    canned.stop.report = { ...reports.unverified, database: { ...database, tls: 'TLSv1.2' } }
    await canned.page.reload()
    await canned.page.getByText('TLS 1.2, encrypted but not verified').waitFor()
  })

  test.each([320, 360, 1280, 2560])('fits a screen %i pixels wide, whatever the words', async (width) => {
    canned.stop.words = [{ word: 'x'.repeat(256), definition: 'قطار'.repeat(64) }, ...numbered(3)]
    canned.stop.report = {
      ...reports.threeMembers,
      database: { name: 'Apache Cassandra', version: '5.0.5', tls: 'TLSv1.3', verified: true },
    }
    await canned.open('/', { viewport: { width, height: 800 } })
    await canned.page.getByText('word 2').waitFor()
    expect(await sidewaysOverflow(canned.page)).toBeLessThanOrEqual(0)
    expect(await accessibilityFaults(canned.page)).toEqual([])
  })

  const field = (name: 'Word' | 'Definition') => canned.page.getByRole('textbox', { name })

  const add = async (word: string, definition: string): Promise<void> => {
    await field('Word').fill(word)
    await field('Definition').fill(definition)
    await canned.page.keyboard.press('Enter')
  }
})

const numbered = (count: number): Word[] =>
  Array.from({ length: count }, (_, index) => ({ word: `word ${index}`, definition: 'one of many' }))
