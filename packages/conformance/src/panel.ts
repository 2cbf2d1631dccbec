import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ConnectionReport } from 'contract'
import type { Browser, Page } from 'playwright-core'
import { accessibilityFaults, openBrowser, openPage, sidewaysOverflow, type WatchedPage } from './browser.ts'
import { isFull } from './faults/size.ts'
import { type App, type Stop, spawnStop } from './stop.ts'
import { until } from './until.ts'

type Subject = {
  name: string
  app: App
  /** The variables of its database, with BREAK_IT_SOCKET, behind which it can be broken. */
  env: Record<string, string>
  /** How many servers the database has: with three, it does without one of them. */
  members: number
  /** What the panel says when too few of them are up. */
  reason: RegExp
}

/**
 * Declares the tests of the details of the connection, in a real Chromium, against a stop in development and a real
 * database that its page breaks. Call it at the top of a test file.
 */
export const testPanel = ({ name, app, env, members, reason }: Subject): void => {
  describe(`the details of the connection of ${name}`, () => {
    let browser: Browser
    let stop: Stop
    let watched: WatchedPage | undefined

    const development = { NODE_OPTIONS: '--import server/break-it' }
    beforeAll(async () => {
      browser = await openBrowser()
      stop = await spawnStop(app, { ...env, ...development })
    }, 90_000)
    afterEach(async () => {
      await watched?.page.context().close()
      await fetch(`${stop.url}/break`, { method: 'DELETE' })
      await until('the database to be back', isReady, 90_000)
      // Chromium itself writes a line for every answer that is not a 2xx; the page writes none.
      const complaints = watched?.complaints ?? []
      expect(complaints.filter((line) => !/Failed to load resource/.test(line))).toEqual([])
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      await stop?.kill()
    })

    const isReady = async () => (await fetch(`${stop.url}/readyz`)).status === 200
    const open = async (): Promise<Page> => {
      watched = await openPage(browser, `${stop.url}/?stage`)
      await watched.page.getByRole('region', { name: 'Break it' }).waitFor()
      return watched.page
    }
    const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
    const one = members === 1 ? 'the server' : 'member 1'
    /** Kills as many as it takes for the database to be away: a cluster of three does without one. */
    const fatal = members === 1 ? ['Kill the server'] : ['Kill member 2', 'Kill member 3']

    const add = async (page: Page, word: string, definition: string): Promise<void> => {
      await page.getByRole('textbox', { name: 'Word' }).fill(word)
      await page.getByRole('textbox', { name: 'Definition' }).fill(definition)
      await page.keyboard.press('Enter')
    }
    const connected = (page: Page) => page.getByRole('status').getByText('Connected to')
    const waiting = (page: Page) => page.getByRole('status').getByText('Waiting for the database')
    /** Where the page has the server that `one` is. */
    const firstAddress = async () => {
      const { live } = await stop.client.connection()
      return live?.members.map(({ address }) => address).sort()[0]
    }
    /** Of a cluster, that is the one member which is down. */
    const expectDown = async (page: Page): Promise<void> => {
      await page.getByText('Down', { exact: true }).waitFor()
      const down = page.getByRole('listitem').filter({ has: page.getByText('Down', { exact: true }) })
      expect(await down.getByRole('heading').allTextContents()).toEqual([await firstAddress()])
    }
    const allUp = async (page: Page): Promise<void> => {
      await connected(page).waitFor({ timeout: 60_000 })
      if (members > 1) await page.getByText(`${members} of ${members} members`).waitFor({ timeout: 60_000 })
    }

    test('show what the database says of itself, and which server answered', async () => {
      const page = await open()
      await allUp(page)
      const { database, servers, live } = await stop.client.connection()
      await page.getByText(`Connected to ${database?.name} ${database?.version}`).waitFor()
      expect(servers.length).toBe(members)
      for (const { address } of live?.members ?? []) await page.getByText(address).first().waitFor()
      await add(page, 'shown', 'in the details')
      for (const kind of ['read', 'write']) {
        const statement = page.getByRole('figure').filter({ hasText: `last ${kind}` })
        const source = await statement.getByText(/^apps\/.*:\d+$/).textContent()
        const [file = '', line] = source?.split(':') ?? []
        const lines = (await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')).split('\n')
        expect(file).toBe(`apps/${app}/src/words.ts`)
        expect(lines[Number(line) - 1]).toContain(`'${await statement.locator('code').textContent()}'`)
      }
      expect(await accessibilityFaults(page)).toEqual([])
      await page.setViewportSize({ width: 320, height: 800 })
      expect(await sidewaysOverflow(page)).toBeLessThanOrEqual(0)
      expect(await accessibilityFaults(page)).toEqual([])
    })

    if (members > 1)
      test('a member is killed while somebody types and adds words, who notices nothing', async () => {
        const page = await open()
        await allUp(page)
        const words = Array.from({ length: 12 }, (_, index) => `typed ${index}`)
        for (const [index, word] of words.entries()) {
          if (index === 3) await button(page, `Kill ${one}`).click()
          await add(page, word, 'while a member goes')
          await page.getByText(`Added ${word}.`).waitFor()
        }
        await page.getByText(`${members - 1} of ${members} members`).waitFor({ timeout: 30_000 })
        await expectDown(page)
        expect(await accessibilityFaults(page)).toEqual([])
        await button(page, `Kill ${one} Undo`).click()
        await button(page, `Kill ${one}`).waitFor({ timeout: 60_000 })
        await allUp(page)
        const stored = (await stop.client.words()).map(({ word }) => word)
        expect(stored.filter((word) => words.includes(word)).sort()).toEqual(words.sort())
      }, 120_000)

    test('a word sent while the database is away is there once when it is back, within two seconds, and what is typed stays', async () => {
      const page = await open()
      await allUp(page)
      await add(page, 'before', 'the outage')
      await page.getByText('Added before.').waitFor()
      for (const name of fatal) {
        await button(page, name).click()
        await button(page, `${name} Undo`).waitFor({ timeout: 30_000 })
      }
      await waiting(page).waitFor({ timeout: 30_000 })
      await page.getByRole('status').getByText(reason).waitFor({ timeout: 30_000 })
      await page.getByText(/Tried again within \d s/).waitFor()
      await add(page, 'during', 'the outage')
      await page
        .getByRole('region', { name: 'Kept until the database is back' })
        .getByText('during')
        .waitFor()
      expect(await page.getByText('before').first().isVisible()).toBe(true)
      await page.getByRole('textbox', { name: 'Word' }).fill('half a wo')
      expect(await accessibilityFaults(page)).toEqual([])

      // One is enough: of three, two are up then.
      const last = fatal.at(-1) ?? ''
      const backMs = untilConnected(page, last)
      await button(page, `${last} Undo`).press('Enter')
      expect(await backMs).toBeLessThan(2000 + questionMs)
      await page.getByRole('region', { name: 'Just added' }).getByText('during').waitFor({ timeout: 60_000 })
      if (members > 1) await button(page, 'Restore everything').click()
      await allUp(page)
      expect(await page.getByRole('textbox', { name: 'Word' }).inputValue()).toBe('half a wo')
      const stored = (await stop.client.words()).map(({ word }) => word)
      expect(stored.filter((word) => word === 'during')).toEqual(['during'])
    }, 120_000)

    // Killing is above.
    test.each(['Pause', 'Cut the network to'])(
      '%s, and its undo',
      async (what) => {
        const page = await open()
        await allUp(page)
        await button(page, `${what} ${one}`).click()
        await button(page, `${what} ${one} Undo`).waitFor({ timeout: 30_000 })
        if (members === 1) await waiting(page).waitFor({ timeout: 30_000 })
        else {
          await page.getByText(`${members - 1} of ${members} members`).waitFor({ timeout: 30_000 })
          await expectDown(page)
          await add(page, 'meanwhile', 'of the others')
          await page.getByText('Added meanwhile.').waitFor()
        }
        await button(page, `${what} ${one} Undo`).press('Enter')
        await button(page, `${what} ${one}`).waitFor({ timeout: 60_000 })
        await allUp(page)
      },
      120_000,
    )

    test('Slow the network to, and its undo', async () => {
      const page = await open()
      await allUp(page)
      const address = await firstAddress()
      let count = 0
      /** Adds words until the first server answers one; milliseconds of that, as the page shows them. */
      const shownMs = () =>
        until(
          'a write of the first server',
          async () => {
            const sentAtMs = Date.now()
            const shown = page.waitForResponse(async (response) => {
              if (!response.url().endsWith('/connection')) return false
              const { live }: ConnectionReport = await response.json()
              return (
                live?.statements.some(({ kind, at }) => kind === 'write' && Date.parse(at) >= sentAtMs) ??
                false
              )
            })
            await add(page, `word ${count++}`, 'over a network that is slow, or not')
            await shown
            await page.evaluate('new Promise(requestAnimationFrame)')
            const caption = await page.locator('figcaption').filter({ hasText: 'last write' }).textContent()
            const [, ms, unit, member] = /([\d.]+) (m?s) from (\S+),/.exec(caption ?? '') ?? []
            return member === address && Number(ms) * (unit === 's' ? 1000 : 1)
          },
          60_000,
        )
      await button(page, `Slow the network to ${one}`).click()
      await button(page, `Slow the network to ${one} Undo`).waitFor({ timeout: 30_000 })
      for (let write = 0; write < 3; write++) expect(await shownMs()).toBeGreaterThan(80)
      await button(page, `Slow the network to ${one} Undo`).press('Enter')
      await button(page, `Slow the network to ${one}`).waitFor({ timeout: 60_000 })
      await until('a quick write', async () => (await shownMs()) < 80, 60_000)
      await allUp(page)
    }, 180_000)

    // Three members take long to start anew, one after the other.
    const testExpiry = members === 1 || isFull ? test : test.skip
    testExpiry(
      'an expired certificate is refused, and says so',
      async () => {
        const page = await open()
        await allUp(page)
        const name = members === 1 ? 'Let the certificate expire' : 'Let the certificates expire'
        await button(page, name).click()
        await page.getByRole('status').getByText('has expired').waitFor({ timeout: 90_000 })
        await page.getByText('Renew it on the server.').first().waitFor()
        await button(page, 'Restore everything').click()
        await allUp(page)
      },
      180_000,
    )
  })
}

/** Milliseconds between two questions of a page in an outage: packages/frontend/src/page/connection-watch.ts. */
const questionMs = 1000

/**
 * Milliseconds in the page from the moment that the server is back, when the button `name` is no longer one that undoes,
 * to “Connected”; less than none where that came first.
 */
const untilConnected = (page: Page, name: string): Promise<number> =>
  page.evaluate<number>(`new Promise((resolve) => {
    let backAt, connectedAt
    const look = () => {
      const names = [...document.querySelectorAll('.break-it button')].map((button) => button.textContent)
      const status = document.querySelector('.status [role=status]').textContent
      if (names.includes('${name}')) backAt ??= performance.now()
      if (status.startsWith('Connected')) connectedAt ??= performance.now()
      if (backAt && connectedAt) resolve(connectedAt - backAt)
      else setTimeout(look, 10)
    }
    look()
  })`)
