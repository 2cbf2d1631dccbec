import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { openBrowser, openPage } from 'conformance/browser'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { type CannedStop, startCannedStop } from './canned-stop.ts'

/** The page of a canned stop in a real browser, both new for each test. */
export type CannedPage = {
  readonly stop: CannedStop
  readonly page: Page
  /** Opens the page of the stop, at a path such as `/?stage`. */
  open(path?: string, options?: BrowserContextOptions): Promise<void>
}

/** Starts a stop before each test of this file and, after it, looks for what should not be on the console. */
export const useCannedPage = (): CannedPage => {
  let browser: Browser
  let stop: CannedStop
  let page: Page | undefined
  let complaints: string[] = []

  beforeAll(async () => {
    browser = await openBrowser()
  })
  beforeEach(async () => {
    stop = await startCannedStop()
  })
  afterEach(async () => {
    await page?.context().close()
    await stop.close()
    // Chromium itself writes a line for every answer that is not a 2xx, and for every one that does not come.
    expect(complaints.filter((line) => !line.includes('Failed to load resource'))).toEqual([])
    page = undefined
    complaints = []
  })
  afterAll(() => browser?.close())

  return {
    get stop() {
      return stop
    },
    get page() {
      if (page === undefined) throw new Error('no page is open')
      return page
    },
    open: async (path = '/', options) => {
      ;({ page, complaints } = await openPage(browser, `${stop.url}${path}`, options))
    },
  }
}
