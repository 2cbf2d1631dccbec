import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { accessibilityFaults, openBrowser, openPage, type WatchedPage } from './browser.ts'
import { type Stop, spawnStop } from './stop.ts'
import type { StopUnderTest } from './suite.ts'
import { until } from './until.ts'

/**
 * Declares the tests of the page on a stop, in a real Chromium, against the stop as a process of its own. Jest's
 * `test` and `describe` are called here, so call this at the top of a test file. The table is emptied before each.
 */
export const testPage = ({ name, app, env, emptyTable }: StopUnderTest): void => {
  describe(`the page of ${name}`, () => {
    let browser: Browser
    let stop: Stop
    let opened: WatchedPage[] = []

    const open = async (): Promise<Page> => {
      const watched = await openPage(browser, stop.url)
      opened.push(watched)
      return watched.page
    }
    beforeAll(async () => {
      browser = await openBrowser()
      stop = await spawnStop(app, env)
    }, 90_000)
    beforeEach(async () => {
      if (emptyTable) return emptyTable()
      await stop.kill()
      stop = await spawnStop(app, env)
    }, 90_000)
    afterEach(async () => {
      const complaints = opened.flatMap((watched) => watched.complaints)
      await Promise.all(opened.map(({ page }) => page.context().close()))
      opened = []
      // No line on the console, no uncaught error and no request to another origin, in any test.
      expect(complaints).toEqual([])
    })
    afterAll(async () => {
      await browser?.close()
      await stop?.kill()
    })

    test('a word that is added is there at once, and still there after a reload', async () => {
      const page = await open()
      await page.getByText('No words yet').waitFor()
      await addWord(page, 'viaduct', 'A bridge of many arches')
      await expectWords(page, [['viaduct', 'A bridge of many arches']])
      await page.reload()
      await expectWords(page, [['viaduct', 'A bridge of many arches']])
      expect(await stop.client.words()).toEqual([{ word: 'viaduct', definition: 'A bridge of many arches' }])
    })

    test('it says which stop this is and what its database says of itself', async () => {
      const page = await open()
      const { database, title } = await stop.client.ready()
      const status = page.getByRole('region', { name: 'Connection' }).getByRole('status')
      if (database) {
        await status.getByText(`Connected to ${database.name} ${database.version}`).waitFor()
        const protection = database.tls?.replace('TLSv', 'TLS ') ?? 'Not encrypted'
        expect(await status.textContent()).toContain(protection)
      } else await status.getByText('This stop has no database').waitFor()
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(database?.name ?? title)
    })

    test('its details are opened, of a database or of none, and axe finds nothing in them', async () => {
      const page = await open()
      const { database } = await stop.client.ready()
      await page.getByRole('button', { name: 'Show the details' }).click()
      const way = page.getByRole('region', { name: database ? 'The way to the database' : 'No database' })
      await way.waitFor()
      if (!database) await way.getByText('This stop keeps its words in its own memory').waitFor()
      // What is in production is not to be broken.
      expect(await page.getByText('Break it').count()).toBe(0)
      expect(await accessibilityFaults(page)).toEqual([])
    })

    test('ten sample words are added with one button, and are in the database', async () => {
      const page = await open()
      await page.getByRole('button', { name: 'Add ten sample words' }).click()
      await until('ten words', async () => (await page.locator('dt').count()) === 10)
      await page.getByRole('button', { name: 'Add ten sample words' }).waitFor({ state: 'detached' })
      const shown = await page.locator('dt').allTextContents()
      const stored = (await stop.client.words()).map(({ word }) => word)
      expect(stored.sort()).toEqual(shown.sort())
      expect(new Set(stored).size).toBe(10)
    })

    test('a word that is added in one tab is seen in another one when that is loaded again', async () => {
      const one = await open()
      const other = await open()
      await other.getByText('No words yet').waitFor()
      await addWord(one, 'points', 'Two rails that move')
      await expectWords(one, [['points', 'Two rails that move']])
      await other.reload()
      await expectWords(other, [['points', 'Two rails that move']])
    })

    test('markup in a word is text, and spaces are as they were typed', async () => {
      const word = '<img src=x onerror="document.title=1">'
      const definition = '  <script>alert(1)</script>   &amp; <b>bold</b>\n\u202eend'
      const page = await open()
      await addWord(page, word, definition)
      await expectWords(page, [[word, definition]])
      await page.reload()
      await expectWords(page, [[word, definition]])
      expect(await page.locator('dl img, dl script, dl b').count()).toBe(0)
      // biome-ignore lint/performance/useDomNodeTextContent: the text as it is drawn, with the spaces that one sees
      expect(await page.locator('dd').innerText()).toBe(definition)
    })

    test('a blank word is refused at its field, with the definition kept', async () => {
      const page = await open()
      await addWord(page, '   ', 'kept')
      await expectFault(page, 'Word', 'Word must not be blank.')
      expect(await field(page, 'Definition').inputValue()).toBe('kept')
      expect(await accessibilityFaults(page)).toEqual([])
      expect(await stop.client.words()).toEqual([])
    })

    test('a definition that is pasted too long is refused at its field, and none of it is cut off', async () => {
      const page = await open()
      await field(page, 'Word').fill('kept')
      await field(page, 'Definition').focus()
      await page.keyboard.insertText('🚂'.repeat(257))
      await page.getByText('1 too many').waitFor()
      await page.keyboard.press('Enter')
      await expectFault(page, 'Definition', 'Definition must have at most 256 characters, not 257.')
      expect(await field(page, 'Definition').inputValue()).toBe('🚂'.repeat(257))
      expect(await field(page, 'Word').inputValue()).toBe('kept')
      await page.keyboard.press('Backspace')
      await page.keyboard.press('Enter')
      await expectWords(page, [['kept', '🚂'.repeat(256)]])
    })

    test('what the stop refuses is said at the field that it is about, with the text kept', async () => {
      const page = await open()
      // The page would not send this itself; on the way, the word is taken out.
      const body = JSON.stringify({ word: '', definition: 'kept' })
      await page.route('**/words', (route) => route.continue({ postData: body }))
      await addWord(page, 'kept too', 'kept')
      await expectFault(page, 'Word', 'Word must not be blank.')
      expect(await field(page, 'Word').inputValue()).toBe('kept too')
      expect(await field(page, 'Definition').inputValue()).toBe('kept')
      expectBrowserLines(opened, /status of 400/)
    })

    test('words are added and read with the keyboard alone', async () => {
      const page = await open()
      for (let presses = 0; presses < 10 && !(await hasFocus(page, 'Word')); presses++)
        await page.keyboard.press('Tab')
      await page.keyboard.type('semaphore')
      await page.keyboard.press('Tab')
      await page.keyboard.type('An arm on a post')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Space')
      await expectWords(page, [['semaphore', 'An arm on a post']])
      await until('the word field to have the focus again', () => hasFocus(page, 'Word'))
      expect(await field(page, 'Word').inputValue()).toBe('')
      await page.keyboard.type('halt')
      await page.keyboard.press('Tab')
      await page.keyboard.type('A small station')
      await page.keyboard.press('Enter')
      await expectWords(page, [
        ['halt', 'A small station'],
        ['semaphore', 'An arm on a post'],
      ])
      expect(await page.getByRole('form').getByRole('status').textContent()).toBe('Added halt.')
    })

    test('axe finds nothing, empty and with words, in the light and in the dark theme', async () => {
      const page = await open()
      await page.getByText('No words yet').waitFor()
      expect(await accessibilityFaults(page)).toEqual([])
      await addWord(page, 'timetable', 'A promise, in columns')
      await expectWords(page, [['timetable', 'A promise, in columns']])
      expect(await accessibilityFaults(page)).toEqual([])
      await page.reload()
      await expectWords(page, [['timetable', 'A promise, in columns']])
      expect(await accessibilityFaults(page)).toEqual([])
    })

    test('many words come a hundred at a time while one scrolls, each of them once', async () => {
      const words = Array.from({ length: 230 }, (_, index) => `word ${index}`)
      for (const word of words) await stop.client.add({ word, definition: 'one of many' })
      const page = await open()
      await until('the first words', async () => (await page.locator('dt').count()) > 0)
      expect(await page.locator('dt').count()).toBe(100)
      await until('the end of the words', async () => {
        await page.mouse.wheel(0, 3000)
        return page.getByText('End of the line').isVisible()
      })
      expect((await page.locator('dt').allTextContents()).sort()).toEqual(words.sort())
    })

    test('where the stop does not answer, a word is kept and sent once, and the list goes on by itself', async () => {
      await stop.client.add({ word: 'siding', definition: 'A track beside the line' })
      const page = await open()
      await expectWords(page, [['siding', 'A track beside the line']])
      // The connection is cut in the browser: to it, this is what a lost network looks like.
      await page.route('**/words*', (route) => route.abort())
      await addWord(page, 'kept', 'kept too')
      const kept = page.getByRole('region', { name: 'Kept until the database is back' })
      await kept.getByText('kept', { exact: true }).waitFor()
      expect(await accessibilityFaults(page)).toEqual([])
      await page.reload()
      await page.getByText('The words did not come').waitFor()
      await kept.getByText('kept', { exact: true }).waitFor()
      expect(await accessibilityFaults(page)).toEqual([])
      await page.unroute('**/words*')
      await page.getByText('siding').waitFor()
      await page.getByRole('region', { name: 'Just added' }).getByText('kept too').waitFor()
      const stored = (await stop.client.words()).map(({ word }) => word)
      expect(stored.sort()).toEqual(['kept', 'siding'])
      expectBrowserLines(opened, /ERR_FAILED/)
    })
  })
}

const field = (page: Page, name: 'Word' | 'Definition') => page.getByRole('textbox', { name })

const hasFocus = async (page: Page, name: 'Word' | 'Definition'): Promise<boolean> =>
  (await field(page, name).and(page.locator(':focus')).count()) === 1

const addWord = async (page: Page, word: string, definition: string): Promise<void> => {
  await field(page, 'Word').fill(word)
  await field(page, 'Definition').fill(definition)
  await page.keyboard.press('Enter')
}

/** Waits until the page shows these words and no others. */
const expectWords = async (page: Page, words: [string, string][]): Promise<void> => {
  const shown = async () => {
    const [terms, definitions] = await Promise.all(
      ['dt', 'dd'].map((tag) => page.locator(tag).allTextContents()),
    )
    return terms?.map((term, index) => [term, definitions?.[index]])
  }
  await until('the words', async () => JSON.stringify(await shown()) === JSON.stringify(words)).catch(
    () => {},
  )
  expect(await shown()).toEqual(words)
}

/** Waits until a field has the focus, is marked as wrong and is described by this fault. */
const expectFault = async (page: Page, name: 'Word' | 'Definition', fault: string): Promise<void> => {
  await page.getByText(fault, { exact: true }).waitFor()
  await until(`${name} to have the focus`, () => hasFocus(page, name))
  expect(await field(page, name).getAttribute('aria-invalid')).toBe('true')
  const ids = (await field(page, name).getAttribute('aria-describedby'))?.split(' ') ?? []
  const descriptions = await Promise.all(ids.map((id) => page.locator(`#${id}`).textContent()))
  expect(descriptions).toContain(fault)
}

/** Takes out the lines that the browser itself writes about an answer that the test brought about. */
const expectBrowserLines = (opened: WatchedPage[], pattern: RegExp): void => {
  for (const { complaints } of opened) {
    const others = complaints.filter((line) => !pattern.test(line))
    expect(others.length).toBeLessThan(complaints.length)
    complaints.splice(0, complaints.length, ...others)
  }
}
