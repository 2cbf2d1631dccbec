import { describe, expect, test } from '@jest/globals'
import { accessibilityFaults } from 'conformance/browser'
import { until } from 'conformance/until'
import { useCannedPage } from './canned-page.ts'
import * as reports from './canned-reports.ts'
import { problem } from './canned-stop.ts'

// The stop is a stub, for a table that holds only some of the words, and a database that is away; the browser is not.
describe('ten sample words', () => {
  const canned = useCannedPage()
  const button = () => canned.page.getByRole('button', { name: 'Add ten sample words' })
  const keptWords = () => canned.page.getByRole('region', { name: 'Kept until the database is back' })
  const focused = (name: string) =>
    until(`the focus at ${name}`, () =>
      canned.page.evaluate<boolean>(`document.activeElement.className === '${name}'`),
    )

  test('are added with one button, each of them once', async () => {
    const { stop } = canned
    await canned.open()
    await button().click()
    await canned.page.getByText('10 in all').waitFor()
    expect(new Set(stop.words.map(({ word }) => word)).size).toBe(10)
    await focused('added')
    expect(await button().count()).toBe(0)
    expect(await accessibilityFaults(canned.page)).toEqual([])
  })

  test('end at the one that the table cannot hold, which is said, also where others went in before', async () => {
    const { stop } = canned
    stop.unholdable = ['駅弁']
    await canned.open()
    await button().click()
    const alert = canned.page.getByRole('alert').filter({ hasText: '駅弁' })
    await alert.getByText('6 of ten sample words went in.').waitFor()
    expect(await alert.textContent()).toContain('its character set is latin1')
    await canned.page.getByText('6 in all').waitFor()
    await focused('added')
    expect(await accessibilityFaults(canned.page)).toEqual([])
  })

  test('can be asked for again where they did not load, which is said as what it is', async () => {
    await canned.open()
    await button().waitFor()
    const files = '**/sample-words-*'
    await canned.page.route(files, (route) => route.fulfill({ status: 404 }))
    await button().click()
    const alert = canned.page.getByRole('alert').filter({ hasText: 'They did not load' })
    await alert.getByText('reload the page').waitFor()
    expect(await canned.page.getByText('does not answer').count()).toBe(0)
    await canned.page.unroute(files)
    await button().click()
    await canned.page.getByText('10 in all').waitFor()
  })

  test('can be asked for again where the first was refused', async () => {
    const { stop } = canned
    stop.unholdable = ['viaduct']
    await canned.open()
    await button().press('Enter')
    await canned.page.getByRole('alert').getByText('0 of ten sample words went in.').waitFor()
    stop.unholdable = []
    await button().press('Enter')
    await canned.page.getByText('10 in all').waitFor()
    expect(await canned.page.getByText('of ten sample words went in').count()).toBe(0)
  })

  test('are kept while the database is away, cannot be asked for twice, and come once', async () => {
    const { stop } = canned
    await canned.open()
    await button().waitFor()
    stop.report = reports.waiting
    stop.problem = stop.addProblem = problem(503, 'nothing listens on 127.0.0.1:33061')
    await button().press('Enter')
    await keptWords().getByText('terminus').waitFor()
    await focused('ending')
    expect(await button().count()).toBe(0)
    expect(await accessibilityFaults(canned.page)).toEqual([])
    stop.report = reports.pooled
    stop.problem = stop.addProblem = undefined
    await canned.page.getByText('10 in all').waitFor()
    expect(stop.words.length).toBe(10)
    expect(await button().count()).toBe(0)
  })
})
