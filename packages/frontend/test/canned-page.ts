import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { openBrowser, openPage, type PageOptions } from 'conformance/browser'
import { until } from 'conformance/until'
import type { Browser, Page } from 'playwright-core'
import { type CannedStop, startCannedStop } from './canned-stop.ts'

/** The page of a canned stop in a real browser, both new for each test. */
export type CannedPage = {
  readonly stop: CannedStop
  readonly page: Page
  /** Opens the page of the stop, at a path such as `/?stage`. */
  open(path?: string, options?: PageOptions): Promise<void>
  /**
   * Runs the page's own clock ahead until the condition is met: what the page does every second or two, it does at once.
   * Its answers come in real time.
   */
  runAhead(what: string, condition: () => unknown): Promise<void>
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
    runAhead: async (what, condition) => {
      const stepMs = 200
      await until(what, async () => {
        if (await condition()) return true
        await page?.clock.runFor(stepMs)
        return false
      })
    },
  }
}
