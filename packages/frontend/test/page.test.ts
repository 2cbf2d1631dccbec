import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { accessibilityFaults, openBrowser, openPage, sidewaysOverflow } from 'conformance/browser'
import type { Word } from 'contract'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import * as reports from './canned-reports.ts'
import { type CannedStop, problem, startCannedStop } from './canned-stop.ts'

// What the conformance suite cannot bring about on a real stop at a given moment: the stop is a stub, the browser is not.
describe('the page', () => {
  let browser: Browser
  let stop: CannedStop
  let page: Page
  let complaints: string[]

  const open = async (options?: BrowserContextOptions): Promise<void> => {
    ;({ page, complaints } = await openPage(browser, stop.url, options))
  }
  /** Opens the page in a browser in which `script` has run before the page's own. */
  const openWith = async (script: string): Promise<void> => {
    await open()
    await page.addInitScript(script)
    await page.reload()
  }
  beforeAll(async () => {
    browser = await openBrowser()
  })
  beforeEach(async () => {
    stop = await startCannedStop()
  })
  afterEach(async () => {
    await page.context().close()
    await stop.close()
    // Chromium itself writes a line for every answer that is not a 2xx.
    expect(complaints.filter((line) => !line.includes('Failed to load resource'))).toEqual([])
  })
  afterAll(() => browser?.close())

  test('says that it is loading until the words come', async () => {
    const gate = Promise.withResolvers<void>()
    stop.gate = gate.promise
    await open()
    await page.getByText('Loading the words').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    gate.resolve()
    await page.getByText('No words yet').waitFor()
  })

  test('waits for the database, says why in the words of the stop, and goes on by itself with the text kept', async () => {
    stop.report = { ...reports.starting, reason: 'nothing listens on db:9042' }
    stop.problem = problem(503, 'nothing listens on db:9042')
    stop.words = numbered(1)
    await open()
    await page.getByText('The words are waiting for the database').waitFor()
    const status = page.getByRole('region', { name: 'Connection' }).getByRole('status')
    await status.getByText('nothing listens on db:9042').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await field('Word').fill('kept')
    stop.report = reports.threeMembers
    stop.problem = undefined
    await page.getByText('word 0').waitFor()
    await status.getByText('Connected to ScyllaDB 2025.4.1').waitFor()
    expect(await field('Word').inputValue()).toBe('kept')
  })

  test('tries again no sooner than the stop asks for, while its database is ready but busy', async () => {
    stop.problem = problem(503, 'all 10 connections are busy')
    stop.retryAfterSeconds = 3
    await open()
    await page.getByText('all 10 connections are busy').waitFor()
    await page.waitForRequest('**/words*')
    stop.problem = undefined
    await page.getByText('No words yet').waitFor()
    const [first = 0, second = 0] = stop.askedAtMs.get('/words') ?? []
    expect(second - first).toBeGreaterThanOrEqual(2990)
  })

  test('keeps the words that it has while the database is away, and loads the rest when it is back', async () => {
    stop.words = numbered(150)
    await open()
    await page.getByText('100 so far').waitFor()
    stop.report = { ...reports.waiting, reason: 'the server closed the connection' }
    stop.problem = problem(503, 'the server closed the connection')
    await page.locator('.ending').scrollIntoViewIfNeeded()
    await page.getByText('More words are waiting for the database').waitFor()
    await page.getByText('the server closed the connection').waitFor()
    expect(await page.locator('dt').count()).toBe(100)
    stop.report = reports.threeMembers
    stop.problem = undefined
    await page.getByText('150 in all').waitFor()
  })

  test('shows a fault of the stop in its words, and loads the words when asked to', async () => {
    stop.problem = problem(500, 'A fault of this service.')
    await open()
    await page.getByRole('alert').getByText('A fault of this service.').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    stop.problem = undefined
    stop.words = numbered(2)
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('word 1').waitFor()
  })

  test('goes on by itself where the stop was gone for a moment only, of which nothing else tells', async () => {
    stop.words = numbered(150)
    await open()
    await page.getByText('100 so far').waitFor()
    await page.getByText('Connected to').waitFor()
    stop.isGone = true
    await page.locator('.ending').scrollIntoViewIfNeeded()
    const failed = page.getByRole('alert').filter({ hasText: 'No more words came' })
    await failed.waitFor()
    await page.getByText('It is tried again by itself.').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    // The watch asks every ten seconds while it knows of nothing: here it never learns that the stop was gone.
    await page.route('**/connection', () => {})
    stop.isGone = false
    await page.getByText('150 in all').waitFor({ timeout: 9000 })
  })

  test('says how quick the database is also when nothing was asked of it for a minute', async () => {
    const { threeMembers } = reports
    stop.report = { ...threeMembers, live: { ...threeMembers.live, lastMinute: [] } }
    await open()
    await page.getByRole('region', { name: 'Connection' }).getByText('2.4 ms', { exact: true }).waitFor()
  })

  test('shows a refusal of a whole word with the text kept, and the word goes in once the stop takes it', async () => {
    stop.addProblem = problem(422, 'The table words cannot hold this text: its character set is latin1')
    await open()
    await add('🚂', 'A locomotive')
    await page.getByRole('alert').getByText('its character set is latin1').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await field('Word').inputValue()).toBe('🚂')
    stop.addProblem = undefined
    await page.keyboard.press('Enter')
    await page.getByText('Added 🚂.').waitFor()
    expect(stop.words).toEqual([{ word: '🚂', definition: 'A locomotive' }])
  })

  test('sends a word once, however often one presses Enter', async () => {
    await open()
    await page.getByText('No words yet').waitFor()
    const gate = Promise.withResolvers<void>()
    stop.gate = gate.promise
    await add('halt', 'A small station')
    await page.getByRole('button', { name: 'Adding' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Adding' }).click({ force: true })
    gate.resolve()
    await page.getByText('Added halt.').waitFor()
    expect(stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
  })

  test('shows a word that was just added once, also when the page that holds it comes', async () => {
    stop.words = numbered(150)
    await open({ viewport: { width: 1280, height: 800 } })
    await page.getByText('word 99', { exact: true }).waitFor({ state: 'attached' })
    await add('halt', 'A small station')
    await page.getByRole('region', { name: 'Just added' }).getByText('halt').waitFor()
    await page.getByRole('button', { name: 'Show more words' }).scrollIntoViewIfNeeded()
    await page.getByText('End of the line').waitFor()
    expect(await page.locator('dt', { hasText: 'halt' }).count()).toBe(1)
    expect(await page.locator('dt').count()).toBe(151)
  })

  test('shows a new word at once and moves nothing, wherever in the words one is', async () => {
    stop.words = numbered(100)
    await open()
    const row = page.getByText('word 60', { exact: true })
    await row.scrollIntoViewIfNeeded()
    const before = await row.boundingBox()
    await add('halt', 'A small station')
    await page.getByText('Added halt.').waitFor()
    const added = await page.locator('dt', { hasText: 'halt' }).boundingBox()
    expect(added?.y).toBeGreaterThanOrEqual(0)
    expect(Math.abs(((await row.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2)
  })

  test('loads more words where it is told of two looks at once, the first with the end of the list out of sight', async () => {
    stop.words = numbered(230)
    await openWith(`IntersectionObserver = class {
      constructor(tell) { this.tell = tell }
      observe() { setTimeout(() => this.tell([{ isIntersecting: false }, { isIntersecting: true }])) }
      disconnect() {}
    }`)
    await page.getByText('230 in all').waitFor()
  })

  test('loads more words with a button, where nothing tells it that one scrolls', async () => {
    stop.words = numbered(230)
    await openWith('IntersectionObserver = class { observe() {} disconnect() {} }')
    await page.getByText('100 so far').waitFor()
    await page.getByRole('button', { name: 'Show more words' }).click()
    await page.getByText('200 so far').waitFor()
    await page.getByRole('button', { name: 'Show more words' }).press('Enter')
    await page.getByText('230 in all').waitFor()
    expect(await page.locator('.ending').evaluate('document.activeElement.className')).toBe('ending')
  })

  test('says that a connection is not encrypted, or encrypted but not verified', async () => {
    const database = { name: 'MySQL', version: '9.7.0', tls: null, verified: false }
    stop.report = { ...reports.unverified, database }
    await open()
    await page.getByText('Not encrypted').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    stop.report = { ...reports.unverified, database: { ...database, tls: 'TLSv1.2' } }
    await page.reload()
    await page.getByText('TLS 1.2, encrypted but not verified').waitFor()
  })

  test.each([320, 360, 1280, 2560])('fits a screen %i pixels wide, whatever the words', async (width) => {
    stop.words = [{ word: 'x'.repeat(256), definition: 'قطار'.repeat(64) }, ...numbered(3)]
    stop.report = {
      ...reports.threeMembers,
      database: { name: 'Apache Cassandra', version: '5.0.5', tls: 'TLSv1.3', verified: true },
    }
    await open({ viewport: { width, height: 800 } })
    await page.getByText('word 2').waitFor()
    expect(await sidewaysOverflow(page)).toBeLessThanOrEqual(0)
    expect(await accessibilityFaults(page)).toEqual([])
  })

  const field = (name: 'Word' | 'Definition') => page.getByRole('textbox', { name })

  const add = async (word: string, definition: string): Promise<void> => {
    await field('Word').fill(word)
    await field('Definition').fill(definition)
    await page.keyboard.press('Enter')
  }
})

const numbered = (count: number): Word[] =>
  Array.from({ length: count }, (_, index) => ({ word: `word ${index}`, definition: 'one of many' }))
