import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { accessibilityFaults, type PageOptions, sidewaysOverflow } from 'conformance/browser'
import { until } from 'conformance/until'
import type { ConnectionReport } from 'contract'
import type { Locator, Page } from 'playwright-core'
import { useCannedPage } from './canned-page.ts'
import * as reports from './canned-reports.ts'
import type { Breakable } from './canned-stop.ts'

// The stop is a stub, so that each state can be looked at for as long as it takes; the browser is not.
const canned = useCannedPage()

const panel = () => canned.page.locator('.panel')
const section = (name: string | RegExp) => canned.page.getByRole('region', { name })
const button = (name: string | RegExp) => canned.page.getByRole('button', { name })

const show = async (report: ConnectionReport, path = '/', options?: PageOptions): Promise<void> => {
  canned.stop.report = report
  await canned.open(path, options)
  await canned.page
    .getByRole('status')
    .getByText(/Connected|Waiting|Ready/)
    .waitFor()
  if (await button('Show the details').isVisible()) await button('Show the details').click()
  await panel().waitFor()
}

/** For what the page notices with its next question: `canned.runAhead` need not wait for that. */
const hasOwnClock = true
const isSeen = (locator: Locator) => () => locator.isVisible()

/** The third member, and no longer the second, answered last: the train runs to it. */
const answeredByThird = ({ live, ...report }: ConnectionReport): ConnectionReport => {
  const statements = live?.statements.map((one) => ({ ...one, member: '127.0.0.3:41937' })) ?? []
  return { ...report, live: live && { ...live, statements } }
}

/** Counts what is moved from here on, once the train has stood long enough to run. */
const countMoves = async (): Promise<void> => {
  await canned.page.clock.runFor(4000)
  await canned.page.evaluate(`
    window.moves = 0
    const animate = Element.prototype.animate
    Element.prototype.animate = function (...how) {
      window.moves++
      return animate.apply(this, how)
    }`)
}

const breakables: Breakable[] = [0, 1, 2].flatMap((member) =>
  ['Pause', 'Kill', 'Cut', 'Slow'].map((title) => ({
    id: `${title.toLowerCase()}:${member}`,
    title: `${title} member ${member + 1}`,
    member,
    broken: false,
  })),
)

describe('the details of the connection', () => {
  const states: { state: string; report: ConnectionReport; says: string[]; path?: string }[] = [
    {
      state: 'three members',
      report: reports.threeMembers,
      says: [
        '127.0.0.2:41937',
        'rack2',
        'LOCAL_QUORUM',
        'datacenter1: 3 copies',
        '364 days left',
        'last write',
      ],
    },
    { state: 'on a stage', report: reports.oneDown, says: ['Down', '3 failed'], path: '/?stage' },
    {
      state: 'one member down',
      report: reports.oneDown,
      says: ['Down', '192 statements, 3 failed', 'nothing listens on 127.0.0.3:41937'],
    },
    {
      state: 'two members down',
      report: reports.twoDown,
      says: [
        'The consistency level LOCAL_QUORUM needs 2 replicas; alive: 1.',
        'Start the members that are down.',
      ],
    },
    {
      state: 'a pool',
      report: reports.pooled,
      says: ['caching_sha2_password', 'in use', 'not open', 'waiting, 100 at most'],
    },
    { state: 'a full pool', report: reports.poolFull, says: ['23'] },
    {
      state: 'the database away',
      report: reports.waiting,
      says: ['Nothing listens on 127.0.0.1:33061 (ECONNREFUSED).', 'COMPOSE_MYSQL_URL', 'not tried'],
    },
    { state: 'just started', report: reports.starting, says: ['Read and write'] },
    {
      state: 'encrypted but not verified',
      report: reports.unverified,
      says: ['TLS 1.3, not verified', 'Leave it out to verify the server.'],
    },
    {
      state: 'a certificate that ends soon',
      report: reports.expiringSoon,
      says: ['The certificate of member-3 ends in 12 days.', '12 days left: renew it'],
    },
    {
      state: 'an expired certificate',
      report: reports.expiredCertificate,
      says: ['has expired', 'Renew it on the server.', 'Expired 2 days ago'],
    },
    { state: 'asked from elsewhere', report: reports.hidden, says: ['member 3', 'for the machine'] },
    { state: 'no database', report: reports.withoutDatabase, says: ['No database', 'its own memory'] },
  ]

  test.each(states)('show $state, and axe finds nothing', async ({ state, report, says, path }) => {
    canned.stop.words = [
      { word: 'viaduct', definition: 'A bridge of many arches.' },
      { word: 'timetable', definition: 'A promise, in columns.' },
    ]
    if (report.servers.length === 3) canned.stop.breakables = breakables
    await show(report, path)
    for (const text of says) await panel().getByText(text, { exact: false }).first().waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])
    await takePictures(canned.page, state)
  })

  test.each([
    { report: reports.threeMembers, looks: 'certificate good', left: '100%' },
    { report: reports.expiringSoon, looks: 'certificate warning', left: `${(12 / 90) * 100}%` },
    { report: reports.expiredCertificate, looks: 'certificate bad', left: '0%' },
  ])('draw the days of a $looks', async ({ report, looks, left }) => {
    await show(report)
    const bar = section(/^Certificate/)
      .locator('.certificate')
      .first()
    await bar.waitFor()
    expect(await bar.getAttribute('class')).toBe(looks)
    expect(await bar.locator('rect.left').getAttribute('width')).toBe(left)
  })

  test('are closed again by the same button, and stay as they were over a reload', async () => {
    await show(reports.threeMembers)
    expect(await button('Hide the details').getAttribute('aria-expanded')).toBe('true')
    await canned.page.reload()
    await panel().waitFor()
    await button('Hide the details').press('Enter')
    expect(await panel().count()).toBe(0)
    await canned.page.reload()
    await button('Show the details').waitFor()
    expect(await panel().count()).toBe(0)
  })

  test('are loaded when they are first opened', async () => {
    await canned.open()
    await button('Show the details').waitFor()
    const panelFiles = () => [...canned.stop.askedAtMs.keys()].filter((path) => path.includes('panel'))
    expect(panelFiles()).toEqual([])
    await button('Show the details').click()
    await panel().waitFor()
    expect(panelFiles().length).toBe(2)
  })

  test('can be opened once the stop is back, where it was gone when they were first asked for', async () => {
    await canned.open()
    await button('Show the details').waitFor()
    canned.stop.isGone = true
    await button('Show the details').click()
    await canned.page.getByText('The details did not load').waitFor()
    // The files of another version have other names, and these are gone for good.
    await canned.page.getByText('if the stop was updated meanwhile, reload the page').waitFor()
    canned.stop.isGone = false
    await button('Hide the details').click()
    await button('Show the details').click()
    await panel().waitFor()
    expect(await canned.page.evaluate(`getComputedStyle(document.querySelector('.panel')).display`)).toBe(
      'grid',
    )
  })

  test('show which member answered last, with the train', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    const trainAt = (address: string) =>
      canned.page.getByRole('listitem').filter({ hasText: address, has: canned.page.locator('.engine') })
    await trainAt('127.0.0.2').waitFor()
    await countMoves()
    canned.stop.report = answeredByThird(reports.threeMembers)
    await canned.runAhead('the train there', isSeen(trainAt('127.0.0.3')))
    expect(await canned.page.locator('.engine').count()).toBe(1)
    expect(await canned.page.evaluate('window.moves')).toBe(1)
  })

  test('link a statement to its line, and highlight it', async () => {
    await show(reports.threeMembers)
    const link = canned.page.getByRole('link', { name: 'apps/example-scylla/src/words.ts:9' })
    expect(await link.getAttribute('href')).toBe('https://example.com/apps/example-scylla/src/words.ts#L9')
    expect(await section('Statements').locator('.keyword').first().textContent()).toBe('SELECT')
    const { statements } = reports.threeMembers.live
    expect(await section('Statements').locator('pre').allTextContents()).toEqual(
      statements.map(({ text }) => text),
    )
  })

  test('stay on screen, and say of when they are, while the stop is gone', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    const status = canned.page.getByRole('status')
    canned.stop.isGone = true
    await canned.runAhead('it to be noticed', isSeen(status.getByText('This stop does not answer')))
    await canned.page.getByText(/As it was at \d\d:\d\d:\d\d/).waitFor()
    await canned.page.getByText(/Asked again within [1-5] s/).waitFor()
    expect(await panel().getByText('127.0.0.2:41937').first().isVisible()).toBe(true)
    expect(await accessibilityFaults(canned.page)).toEqual([])
    canned.stop.isGone = false
    await canned.runAhead('it to be back', isSeen(status.getByText('Connected to ScyllaDB')))
    expect(await canned.page.getByText('As it was at').count()).toBe(0)
  })

  test('move nothing for those who want no motion', async () => {
    canned.stop.report = reports.threeMembers
    await canned.open('/?stage', { reducedMotion: 'reduce', hasOwnClock })
    await panel().waitFor()
    await countMoves()
    canned.stop.report = answeredByThird(reports.twoDown)
    await canned.runAhead('members down', isSeen(canned.page.getByText('Down', { exact: true }).first()))
    expect(await canned.page.evaluate('document.getAnimations().length')).toBe(0)
    expect(await canned.page.evaluate('window.moves')).toBe(0)
  })

  test('have an arm fall where a member goes down', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    await canned.page.evaluate(`
      document.addEventListener('transitionrun', ({ target, propertyName }) => {
        window.fallen = [...(window.fallen ?? []), target.getAttribute('class') + ' ' + propertyName]
      })`)
    canned.stop.report = reports.oneDown
    await canned.runAhead('the arm', () => canned.page.evaluate('window.fallen'))
    expect(await canned.page.evaluate('window.fallen')).toContain('arm transform')
  })

  test('show where the focus is on every ground, in both themes', async () => {
    canned.stop.breakables = breakables
    await show(reports.threeMembers)
    await button('Kill member 3').waitFor()
    await canned.page.keyboard.press('Tab') // who uses a pointer is shown no focus
    for (const colorScheme of ['light', 'dark'] as const) {
      await canned.page.emulateMedia({ colorScheme })
      // Of everything that can have it, the colours of the ring and of what it is drawn on.
      const rings = await canned.page.evaluate<[string, string][]>(`
        const groundOf = (one) => {
          const { backgroundColor } = getComputedStyle(one)
          return backgroundColor === 'rgba(0, 0, 0, 0)' ? groundOf(one.parentElement) : backgroundColor
        };
        [...document.querySelectorAll('.status :is(a, button)')].map((one) => {
          one.focus()
          const { outlineStyle, outlineColor } = getComputedStyle(one)
          return [outlineStyle === 'solid' ? outlineColor : 'none', groundOf(one.parentElement)]
        })`)
      expect(new Set(rings.map(([, ground]) => ground)).size).toBe(2)
      for (const ring of rings) expect([...ring, contrastOf(ring) >= 3]).toEqual([...ring, true])
    }
  })

  test('have a chart that can be read where the colours are those of the system', async () => {
    await show(reports.threeMembers, '/', { forcedColors: 'active', colorScheme: 'light' })
    const fill = `getComputedStyle(document.querySelector('.chart .grid text')).fill`
    expect(await canned.page.evaluate(fill)).toBe(
      await canned.page.evaluate('getComputedStyle(document.body).color'),
    )
  })

  test.each([320, 1280, 2560])('fit a screen %i pixels wide, on a stage as well', async (width) => {
    canned.stop.breakables = breakables
    for (const report of [reports.twoDown, reports.poolFull]) {
      for (const path of ['/', '/?stage']) {
        canned.stop.report = report
        await canned.open(path, { viewport: { width, height: 800 } })
        if (path === '/') await button('Show the details').click()
        await button('Kill member 3').waitFor()
        expect(await sidewaysOverflow(canned.page)).toBeLessThanOrEqual(0)
        await canned.page.context().close()
      }
    }
  })
})

/** The contrast of two colours as the browser writes them: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
const contrastOf = (colours: readonly [string, string]): number => {
  const [dark = 0, light = 0] = colours.map(luminanceOf).sort((one, other) => one - other)
  return (light + 0.05) / (dark + 0.05)
}

const luminanceOf = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? [])
    .map((level) => Number(level) / 255)
    .map((level) => (level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Sizes of type, and the height of a signal, in pixels as they are drawn. */
const sizes = () =>
  canned.page.evaluate<Record<string, number>>(`
    const size = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize);
    ({
      text: size('body'), place: size('.place'), sentence: size('.sentence'), heading: size('.panel h3'),
      button: size('.sentence button'), detail: size('.member dd'), finding: size('.panel .finding'),
      address: size('.member h4'), figure: size('.member .figure'),
      signal: document.querySelector('.semaphore').getBoundingClientRect().height,
    })`)

test.each([1024, 1280, 1920])(
  'on a stage %i pixels wide, all is larger, the members above all',
  async (width) => {
    canned.stop.report = reports.threeMembers
    canned.stop.breakables = breakables
    const sizesAt = async (path: string) => {
      await canned.open(path, { viewport: { width, height: 800 } })
      if (path === '/') await button('Show the details').click()
      await button('Kill member 3').waitFor()
      const found = await sizes()
      expect(await sidewaysOverflow(canned.page)).toBeLessThanOrEqual(0)
      // On one line each: no address, no figure and no name of one is broken in two.
      const lines = await canned.page.evaluate<number[]>(`
      [...document.querySelectorAll('.member :is(h4 bdi, dt, .figure)')].map((one) => {
        const range = document.createRange()
        range.selectNode(one.firstChild)
        return new Set([...range.getClientRects()].map(({ top }) => top)).size
      })`)
      expect([path, new Set(lines)]).toEqual([path, new Set([1])])
      await canned.page.context().close()
      return found
    }
    const { signal = 0, address = 0, figure = 0, place = 0, ...others } = await sizesAt('/')
    const stage = await sizesAt('/?stage')
    for (const [name, size] of Object.entries(others))
      expect([name, (stage[name] ?? 0) / size >= 1.245]).toEqual([name, true])
    expect((stage.signal ?? 0) / signal).toBeGreaterThanOrEqual(1.5)
    expect((stage.figure ?? 0) / figure).toBeGreaterThanOrEqual(1.5)
    expect((stage.address ?? 0) / address).toBeGreaterThanOrEqual(1.4)
    expect(stage.place).toBeGreaterThanOrEqual(place)
  },
)

describe('what is asked and said', () => {
  const asked = (path = '/connection') => canned.stop.askedAtMs.get(path)?.length ?? 0

  test('a change of the members is announced, and the time of an answer is not', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    await canned.page.evaluate(`
      window.said = []
      for (const live of document.querySelectorAll('[role=status], [role=alert], [aria-live]'))
        new MutationObserver(() => window.said.push(live.textContent))
          .observe(live, { subtree: true, childList: true, characterData: true })`)
    const before = asked()
    const { live } = reports.threeMembers
    for (const p50Ms of [3, 4, 5]) {
      const lastMinute = live.lastMinute.map((second) => ({ ...second, p50Ms }))
      canned.stop.report = { ...reports.threeMembers, live: { ...live, lastMinute } }
      const shown = canned.page.getByText(`${p50Ms} ms`, { exact: true }).first()
      await canned.runAhead('the time', isSeen(shown))
    }
    expect(asked()).toBeGreaterThanOrEqual(before + 3)
    expect(await canned.page.evaluate('window.said')).toEqual([])
    canned.stop.report = reports.oneDown
    await canned.runAhead('the change', isSeen(canned.page.getByText('2 of 3 members')))
    const said = await canned.page.evaluate<string[]>('window.said')
    expect(new Set(said)).toEqual(new Set(['Connected to ScyllaDB 2025.4.12 of 3 membersTLS 1.3, verified']))
  })

  /**
   * Milliseconds of the page's clock, which goes on by itself as well, from the question before to the next: of each
   * call but the first.
   */
  const intervals = () => {
    const now = () => canned.page.evaluate<number>('Date.now()')
    let lastAt = Number.NaN
    return async () => {
      const before = asked()
      await canned.runAhead('a question', () => asked() > before)
      const at = await now()
      const ms = at - lastAt
      lastAt = at
      await canned.page.waitForTimeout(100) // for its answer, from which on the next is due
      return ms
    }
  }

  test('every ten seconds while the details are closed, every two while they are open, every one in an outage', async () => {
    await canned.open('/', { hasOwnClock })
    await button('Show the details').waitFor()
    const untilAsked = intervals()
    await untilAsked()
    expect(await untilAsked()).toBeGreaterThan(9000)
    await button('Show the details').click()
    await panel().waitFor()
    await untilAsked()
    const open = await untilAsked()
    expect(open).toBeGreaterThan(1500)
    expect(open).toBeLessThan(3000)
    canned.stop.report = reports.waiting
    await untilAsked()
    expect(await untilAsked()).toBeLessThan(1500)
  })

  test('nothing is asked in a tab that nobody sees, and at once when it is seen again', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    await canned.runAhead('a question', () => asked() > 2)
    await hide(canned.page, true)
    await canned.page.waitForTimeout(300) // what was under way when it was hidden may still come
    const hidden = asked()
    await canned.page.clock.runFor(20_000)
    await canned.page.waitForTimeout(300)
    expect(asked()).toBe(hidden)
    await hide(canned.page, false)
    await until('a question', () => asked() > hidden, 500)
  })

  test('ever less often while the stop is gone', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    await canned.page.evaluate('Math.random = () => 0.5') // without the spread that parts tabs
    const untilAsked = intervals()
    canned.stop.isGone = true
    await canned.runAhead('it to be noticed', isSeen(canned.page.getByText('This stop does not answer')))
    await untilAsked()
    const gaps = [await untilAsked(), await untilAsked(), await untilAsked(), await untilAsked()]
    expect(gaps[0]).toBeGreaterThan(700)
    expect(gaps[3]).toBeGreaterThan((gaps[0] ?? 0) * 1.5)
    expect(Math.max(...gaps)).toBeLessThan(6000)
  })
})

describe('Break it', () => {
  test('breaks and undoes one thing, and restores everything', async () => {
    canned.stop.breakables = breakables
    await show(reports.threeMembers)
    const broken = () => canned.stop.breakables?.filter((one) => one.broken).map(({ id }) => id)
    await button('Kill member 2').click()
    await button('Kill member 2 Undo').waitFor()
    expect(broken()).toEqual(['kill:1'])
    expect(await button('Kill member 2 Undo').getAttribute('aria-pressed')).toBe('true')
    await button('Slow member 1').press('Enter')
    await button('Slow member 1 Undo').waitFor()
    await button('Kill member 2 Undo').press('Space')
    await until('it to be undone', () => broken()?.join() === 'slow:0')
    await button('Pause member 3').click()
    await button('Pause member 3 Undo').waitFor()
    await button('Restore everything').click()
    await until('all of it to be undone', () => broken()?.length === 0)
    await until(
      'no button to be pressed',
      async () => (await canned.page.locator('[aria-pressed=true]').count()) === 0,
    )
  })

  test('shows what somebody else broke, from a terminal, and restores that as well', async () => {
    canned.stop.breakables = breakables
    await show(reports.threeMembers, '/', { hasOwnClock })
    await button('Slow member 1').waitFor()
    // What is slow is no event: the next report differs from the one before in its time alone.
    canned.stop.breakables = breakables.map((one) => ({ ...one, broken: one.id === 'slow:0' }))
    canned.stop.report = { ...reports.threeMembers, at: '2026-11-22T12:04:31.000Z' }
    await canned.runAhead('it to be shown', isSeen(button('Slow member 1 Undo')))
    await button('Restore everything').click()
    await until('it to be undone', () => canned.stop.breakables?.every(({ broken }) => !broken))
    await button('Slow member 1').waitFor()
  })

  test('comes with its looks also where they did not come at first', async () => {
    canned.stop.breakables = breakables
    await canned.open()
    await canned.page.route('**/break-it-*.css', (route) => route.abort(), { times: 1 })
    const failed = canned.page.waitForEvent('requestfailed')
    await button('Show the details').click()
    await failed
    await button('Hide the details').click()
    await button('Show the details').click()
    await button('Kill member 3').waitFor()
    const position = `getComputedStyle(document.querySelector('.break-it')).position`
    expect(await canned.page.evaluate(position)).toBe('relative')
  })

  test('says why where the stop refuses', async () => {
    canned.stop.breakables = breakables
    await show(reports.threeMembers)
    const detail = 'What is killed cannot be paused: undo that first.'
    canned.stop.breakProblem = { type: 'about:blank', title: 'Conflict', status: 409, detail }
    await button('Pause member 2').click()
    await canned.page.getByRole('alert').getByText(detail).waitFor()
    expect(await button('Pause member 2').getAttribute('aria-pressed')).toBe('false')
  })

  test('is not there, is not loaded and is not asked for where the stop cannot be broken', async () => {
    await show(reports.threeMembers, '/', { hasOwnClock })
    await canned.runAhead('another report', () => (canned.stop.askedAtMs.get('/connection')?.length ?? 0) > 3)
    const isOfBreaking = (path: string) => /break|development/.test(path)
    expect([...canned.stop.askedAtMs.keys()].filter(isOfBreaking)).toEqual([])
    expect(await canned.page.getByText('Break it').count()).toBe(0)
  })
})

/** Says to the page that its tab is hidden, or seen; Chromium without a window always sees it. */
const hide = (page: Page, isHidden: boolean) =>
  page.evaluate(`
    Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))`)

const isFull = process.env.FAULTS === 'full'
const pictureFolder = join(import.meta.dirname, '..', 'test-results', 'pictures')

/**
 * Pictures of the whole page, to be looked at: with FAULTS=full at three widths in both themes, otherwise one of each
 * state.
 */
const takePictures = async (page: Page, name: string): Promise<void> => {
  await mkdir(pictureFolder, { recursive: true })
  for (const width of isFull ? [320, 1280, 2560] : [1280]) {
    await page.setViewportSize({ width, height: 800 })
    // As high as the page: what is out of sight is not drawn.
    const height = await page.evaluate<number>('document.documentElement.scrollHeight')
    await page.setViewportSize({ width, height })
    for (const colorScheme of isFull ? (['light', 'dark'] as const) : (['light'] as const)) {
      await page.emulateMedia({ colorScheme })
      const path = join(pictureFolder, `${name.replaceAll(' ', '-')}-${width}-${colorScheme}.png`)
      await page.screenshot({ path })
    }
  }
}
