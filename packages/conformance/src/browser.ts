import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** A page, and all that it should not have done. */
export type WatchedPage = {
  page: Page
  /** Every line on its console, every uncaught error and every request to another origin, so far. */
  complaints: string[]
}

/**
 * Starts Chromium without a window.
 *
 * @throws Error that tells how to install it, when there is none
 */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    // Chromium refuses to run as root with its sandbox on; anyone else keeps it.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })

/** How a page is opened. With `hasOwnClock`, `page.clock` can run its timers ahead. */
export type PageOptions = BrowserContextOptions & { hasOwnClock?: boolean }

/** Opens `url` in a browser profile of its own and writes down what the page should not do. */
export const openPage = async (
  browser: Browser,
  url: string,
  { hasOwnClock = false, ...options }: PageOptions = {},
): Promise<WatchedPage> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  if (hasOwnClock) await page.clock.install()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`request to ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}

/** By how many pixels the page is wider than the window; below 0 where room is kept for a scrollbar. */
export const sidewaysOverflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** What axe finds against accessibility on the page as it is now, in the light and in the dark theme, a line each. */
export const accessibilityFaults = async (page: Page): Promise<string[]> => {
  const faults: string[] = []
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe.source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // Of WCAG 2.2 AA (success criterion 2.5.8), and the one rule of it that axe leaves off unless told.
    const rules = "{ 'target-size': { enabled: true } }"
    // Without what passes, which is nearly everything: to tell of it takes as long as to look.
    const violations = await page.evaluate<axe.Result[]>(
      `axe.run({ rules: ${rules}, resultTypes: ['violations'] }).then(({ violations }) => violations)`,
    )
    for (const { id, nodes } of violations)
      faults.push(...nodes.map((node) => `${colorScheme}: ${id} at ${node.target}: ${node.failureSummary}`))
  }
  return faults
}

/**
 * The path of a Chromium: the variable CHROMIUM_PATH, or else the first that is on the PATH.
 *
 * @throws Error that tells how to install it, when there is none
 */
export const findChromium = (env: Record<string, string | undefined> = process.env): string => {
  if (env.CHROMIUM_PATH) {
    if (existsSync(env.CHROMIUM_PATH)) return env.CHROMIUM_PATH
    throw new Error(`CHROMIUM_PATH: there is no file ${env.CHROMIUM_PATH}. Correct it, or leave it out.`)
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe']
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  const found = [...candidates, '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find(
    existsSync,
  )
  if (found !== undefined) return found
  throw new Error(
    'The browser tests found no Chromium. Install one (Debian: apt-get install chromium; Ubuntu, which has ' +
      'only a snap of it: Google Chrome, from https://www.google.com/chrome; ' +
      'macOS: brew install --cask google-chrome), or set CHROMIUM_PATH to where it is.',
  )
}
