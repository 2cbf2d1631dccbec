import { describe, expect, test } from '@jest/globals'
import { accessibilityFaults } from 'conformance/browser'
import { until } from 'conformance/until'
import { useCannedPage } from './canned-page.ts'
import * as reports from './canned-reports.ts'
import { problem } from './canned-stop.ts'

// The stop is a stub, for answers that are lost at a given moment; the browser is not.
describe('a word sent while the database is away', () => {
  const canned = useCannedPage()
  const { open } = canned
  const field = (name: 'Word' | 'Definition') => canned.page.getByRole('textbox', { name })
  const keptWords = () => canned.page.getByRole('region', { name: 'Kept until the database is back' })
  const givenBack = (says: string) => canned.page.locator('.given-back').filter({ hasText: says })
  const justAdded = () => canned.page.getByRole('region', { name: 'Just added' })

  const add = async (word: string, definition: string): Promise<void> => {
    await field('Word').fill(word)
    await field('Definition').fill(definition)
    await canned.page.keyboard.press('Enter')
  }
  const loseDatabase = () => {
    canned.stop.report = reports.waiting
    canned.stop.problem = canned.stop.addProblem = problem(503, 'nothing listens on 127.0.0.1:33061')
  }
  const bringDatabaseBack = () => {
    canned.stop.report = reports.pooled
    canned.stop.problem = canned.stop.addProblem = undefined
  }

  /** A page on which a word was added while the database was away, so that it is kept. */
  const keepOverOutage = async (word = 'halt', definition = 'A small station') => {
    await open()
    await canned.page.getByText('No words yet').waitFor()
    loseDatabase()
    await add(word, definition)
    await keptWords().getByText(word).waitFor()
  }

  test('is kept, and sent once, with the key of the first attempt, when it is back', async () => {
    const { stop } = canned
    await keepOverOutage()
    await canned.page.getByText('Kept halt: it is sent, once, as soon as the database is back.').waitFor()
    expect(await field('Word').inputValue()).toBe('')
    expect(await accessibilityFaults(canned.page)).toEqual([])
    await until('another attempt', () => stop.attempts.length > 2)

    bringDatabaseBack()
    await justAdded().getByText('halt').waitFor()
    expect(await keptWords().count()).toBe(0)
    expect(await canned.page.getByText('as soon as the database is back').count()).toBe(0)
    expect(stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
    expect(stop.attempts[0]?.key).toMatch(/^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/)
  })

  test('is there once where it was stored and only the answer was lost', async () => {
    const { stop } = canned
    await open()
    stop.lostAnswers = 2
    await add('halt', 'A small station')
    await justAdded().getByText('halt').waitFor()
    expect(stop.attempts.length).toBe(3)
    expect(stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
    // The list holds it too by now: it is shown once there as well.
    await canned.page.reload()
    await canned.page.getByText('1 in all').waitFor()
  })

  test('leaves what is typed meanwhile alone, and several go in their order', async () => {
    const { stop } = canned
    await open()
    await canned.page.getByText('No words yet').waitFor()
    loseDatabase()
    for (const word of ['one', 'two', 'three']) {
      await add(word, 'of three')
      await keptWords().getByText(word, { exact: true }).waitFor()
    }
    await field('Word').fill('four')
    await field('Definition').pressSequentially('typed while')
    bringDatabaseBack()
    await justAdded().getByText('three', { exact: true }).waitFor()
    expect(stop.words.map(({ word }) => word)).toEqual(['one', 'two', 'three'])
    expect(await field('Word').inputValue()).toBe('four')
    expect(await field('Definition').inputValue()).toBe('typed while')
    expect(await field('Definition').evaluate('document.activeElement.name')).toBe('definition')
  })

  test('is kept when the stop itself is gone, over a reload of the tab', async () => {
    const { stop } = canned
    stop.words = [{ word: 'siding', definition: 'A track beside the line' }]
    await open()
    await canned.page.getByText('siding').waitFor()
    stop.isGone = true
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    await canned.page.getByText('This stop does not answer').waitFor()
    expect(await canned.page.getByText('siding').isVisible()).toBe(true)
    stop.isGone = false
    loseDatabase()
    await canned.page.reload()
    await keptWords().getByText('halt').waitFor()
    bringDatabaseBack()
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.map(({ word }) => word)).toEqual(['siding', 'halt'])
  })

  test('is given back with the reason where it is refused, and can be put back into the form', async () => {
    const { stop } = canned
    await keepOverOutage('🚂', 'A locomotive')
    await field('Word').fill('something else')
    bringDatabaseBack()
    stop.addProblem = problem(422, 'The table words cannot hold this text: its character set is latin1')
    const given = canned.page.getByRole('alert').filter({ hasText: 'The database did not take 🚂' })
    await given.getByText('its character set is latin1').waitFor()
    expect(await accessibilityFaults(canned.page)).toEqual([])

    const attempts = stop.attempts.length
    await given.getByRole('button', { name: 'Put it back into the form' }).click()
    await given.getByText('The form holds another word').waitFor()
    expect(await field('Word').inputValue()).toBe('something else')
    await field('Word').fill('')
    await given.getByRole('button', { name: 'Put it back into the form' }).click()
    expect(await field('Word').inputValue()).toBe('🚂')
    expect(await field('Definition').inputValue()).toBe('A locomotive')
    expect(await canned.page.getByText('did not take').count()).toBe(0)
    expect(stop.attempts.length).toBe(attempts)
  })

  const yesterday = {
    word: 'halt',
    definition: 'A small station',
    key: 'old',
    sentAtMs: Date.now() - 24 * 3_600_000,
    inDoubt: true,
  }
  const openWithStored = async (name: 'kept-words' | 'unconfirmed', value: unknown): Promise<void> => {
    await open()
    await canned.page.evaluate(`sessionStorage.setItem('${name}', ${JSON.stringify(JSON.stringify(value))})`)
    await canned.page.reload()
  }

  test('has none of the faults that the form had before it was put back there', async () => {
    const { stop } = canned
    await keepOverOutage()
    await field('Word').press('Enter')
    await canned.page.getByText('Word must not be blank.').waitFor()
    bringDatabaseBack()
    stop.unholdable = ['halt']
    await canned.page.getByRole('button', { name: 'Put it back into the form' }).click()
    expect(await field('Word').inputValue()).toBe('halt')
    expect(await canned.page.getByText('must not be blank').count()).toBe(0)
    expect(await canned.page.locator('[aria-invalid=true]').count()).toBe(0)
  })

  test('is given back after a day, when the stop has forgotten its key and it could come twice', async () => {
    const { stop } = canned
    await openWithStored('kept-words', [yesterday])
    await canned.page.getByRole('alert').getByText('sent again it could come twice').waitFor()
    expect(stop.attempts).toEqual([])
    await canned.page.getByRole('button', { name: 'Discard it' }).click()
    expect(await canned.page.getByText('halt').count()).toBe(0)
  })

  test('goes after that day with a new key, and is kept again, if somebody sends it all the same', async () => {
    const { stop } = canned
    await openWithStored('kept-words', [yesterday])
    const card = givenBack('did not confirm halt')
    await card.waitFor()
    loseDatabase()
    await card.getByRole('button', { name: 'Put it back into the form' }).click()
    await canned.page.keyboard.press('Enter')
    await keptWords().getByText('halt').waitFor()
    bringDatabaseBack()
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(1)
    expect(stop.attempts.map(({ key }) => key)).not.toContain('old')
  })

  test('is not sent by hand after that day before somebody is told that it could come twice', async () => {
    const { stop } = canned
    await openWithStored('unconfirmed', [[JSON.stringify(['halt', 'A small station']), yesterday]])
    await add('halt', 'A small station')
    await canned.page.getByRole('alert').getByText('sent again it could come twice').waitFor()
    expect(stop.attempts).toEqual([])
    await canned.page.keyboard.press('Enter')
    await justAdded().getByText('halt').waitFor()
    expect(stop.attempts.map(({ key }) => key)).not.toContain('old')
  })

  test('is as old as the first attempt that may have stored it, however long it was refused before', async () => {
    const { stop } = canned
    stop.addProblem = problem(503, 'nothing listens on 127.0.0.1:33061')
    await openWithStored('kept-words', [{ ...yesterday, inDoubt: false }])
    await until('an attempt', () => stop.attempts.length > 0)
    stop.lostAnswers = Number.POSITIVE_INFINITY
    stop.addProblem = undefined
    await until('it to be stored', () => stop.words.length > 0)
    // Chromium sends once more by itself what a connection that was there before has lost.
    const lost = stop.attempts.length
    await until('attempts after that', () => stop.attempts.length > lost + 2)
    stop.lostAnswers = 0
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(1)
    expect(new Set(stop.attempts.map(({ key }) => key))).toEqual(new Set(['old']))
  })

  test('goes without a key, and is not kept, where the stop cannot keep keys', async () => {
    const { stop } = canned
    await open()
    stop.keepsKeys = false
    await add('halt', 'A small station')
    await justAdded().getByText('halt').waitFor()
    expect(stop.attempts.at(-1)?.key).toBeUndefined()
    expect(stop.words.length).toBe(1)
  })

  test('goes without a key also where it was refused before for certain', async () => {
    const { stop } = canned
    await keepOverOutage()
    stop.keepsKeys = false
    bringDatabaseBack()
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(1)
  })

  test('is given back, not sent without a key, where it may be stored by one, and goes if somebody sends it all the same', async () => {
    const { stop } = canned
    await open()
    stop.lostAnswers = Number.POSITIVE_INFINITY
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    stop.keepsKeys = false
    await canned.page.reload()
    const card = givenBack('did not confirm halt')
    await card.getByText('sent again it could come twice').waitFor()
    expect(stop.words.length).toBe(1)
    stop.lostAnswers = 0
    await card.getByRole('button', { name: 'Put it back into the form' }).click()
    await canned.page.keyboard.press('Enter')
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(2)
  })

  test('is not sent by hand without a key before somebody is told that it could come twice', async () => {
    const { stop } = canned
    await open()
    stop.addProblem = problem(500, 'A fault of this service.')
    await add('halt', 'A small station')
    await canned.page.getByRole('alert').getByText('Not confirmed').waitFor()
    stop.addProblem = undefined
    stop.keepsKeys = false
    await canned.page.keyboard.press('Enter')
    await canned.page.getByRole('alert').getByText('sent again it could come twice').waitFor()
    expect(stop.words).toEqual([])
    await canned.page.keyboard.press('Enter')
    await justAdded().getByText('halt').waitFor()
  })

  test('keeps the reason why it was refused over a reload, also where it went without a key', async () => {
    const { stop } = canned
    await open()
    stop.keepsKeys = false
    loseDatabase()
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    stop.unholdable = ['halt']
    bringDatabaseBack()
    const card = givenBack('did not take halt').getByText('its character set is latin1')
    await card.waitFor()
    expect(stop.attempts.at(-1)?.key).toBeUndefined()
    await canned.page.reload()
    await card.waitFor()
  })

  test('may be stored and is told so, with its key kept, where a later attempt is refused', async () => {
    const { stop } = canned
    await open()
    stop.lostAnswers = Number.POSITIVE_INFINITY
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    stop.addProblem = problem(403, 'The proxy wants a login.')
    const card = givenBack('did not confirm halt')
    await card.getByText('The proxy wants a login.').waitFor()
    stop.addProblem = undefined
    stop.lostAnswers = 0
    await card.getByRole('button', { name: 'Put it back into the form' }).click()
    await canned.page.keyboard.press('Enter')
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(1)
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
  })

  test('that was given back and is typed again stands there once, waiting, and is there once', async () => {
    const { stop } = canned
    await open()
    stop.lostAnswers = Number.POSITIVE_INFINITY
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    stop.addProblem = problem(500, 'A fault of this service.')
    await givenBack('did not confirm halt').waitFor()
    loseDatabase()
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    expect(await givenBack('halt').count()).toBe(0)
    expect(await keptWords().locator('dt').count()).toBe(1)
    stop.lostAnswers = 0
    bringDatabaseBack()
    await justAdded().getByText('halt').waitFor()
    expect(await canned.page.locator('dt').allTextContents()).toEqual(['halt'])
    expect(stop.words.length).toBe(1)
  })

  test('that is not confirmed stays in the form over a reload, with its key', async () => {
    const { stop } = canned
    await open()
    stop.addProblem = problem(500, 'A fault of this service.')
    await add('halt', 'A small station')
    await canned.page.getByText('Your text is kept.').waitFor()
    await canned.page.reload()
    expect(await field('Word').inputValue()).toBe('halt')
    expect(await field('Definition').inputValue()).toBe('A small station')
    stop.addProblem = undefined
    await field('Definition').press('Enter')
    await justAdded().getByText('halt').waitFor()
    expect(stop.words.length).toBe(1)
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
  })

  test('has the same key when it is sent again by hand after an answer that says nothing for sure', async () => {
    const { stop } = canned
    await open()
    stop.addProblem = problem(500, 'A fault of this service.')
    await add('halt', 'A small station')
    await canned.page.getByRole('alert').getByText('Not confirmed').waitFor()
    stop.addProblem = undefined
    await canned.page.keyboard.press('Enter')
    await justAdded().getByText('halt').waitFor()
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
  })

  test('has the same key when it is given back after such an answer, also over a reload, and is there once', async () => {
    const { stop } = canned
    await open()
    stop.lostAnswers = Number.POSITIVE_INFINITY
    await add('halt', 'A small station')
    await keptWords().getByText('halt').waitFor()
    stop.addProblem = problem(500, 'A fault of this service.')
    await canned.page.getByRole('alert').getByText('The database did not confirm halt').waitFor()
    await canned.page.reload()
    stop.addProblem = undefined
    stop.lostAnswers = 0
    await canned.page.getByRole('button', { name: 'Put it back into the form' }).click()
    await canned.page.reload()
    expect(await field('Word').inputValue()).toBe('halt')
    await field('Definition').press('Enter')
    await justAdded().getByText('halt').waitFor()
    await canned.page.getByText('1 in all').waitFor()
    expect(stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
  })

  test('is not sent by the Enter that chooses in an input method, which Safari tells by its code alone', async () => {
    await open()
    await field('Word').fill('駅弁')
    await field('Definition').fill('駅で')
    await field('Definition').dispatchEvent('keydown', { key: 'Enter', keyCode: 229, cancelable: true })
    await field('Definition').press('Enter')
    await justAdded().getByText('駅弁').waitFor()
    expect(canned.stop.attempts.length).toBe(1)
  })

  test('is not lost with a reload while its first answer hangs, and is there once', async () => {
    const { stop } = canned
    await open()
    await canned.page.getByText('No words yet').waitFor()
    const gate = Promise.withResolvers<void>()
    stop.gate = gate.promise
    await add('halt', 'A small station')
    await canned.page.getByRole('button', { name: 'Adding' }).waitFor()
    await until('the word to be on its way', () => stop.askedAtMs.get('/words')?.length === 2)
    expect(await keptWords().count()).toBe(0)
    const asked: string[] = []
    canned.page.on('dialog', (dialog) => {
      asked.push(dialog.type())
      void dialog.accept()
    })
    await canned.page.reload()
    expect(asked).toEqual(['beforeunload'])
    await keptWords().getByText('halt').waitFor()
    // It is on its way: from the form it would be sent as another word.
    expect(await field('Word').inputValue()).toBe('')
    gate.resolve()
    await justAdded().getByText('halt').waitFor()
    await canned.page.getByText('1 in all').waitFor()
    expect(stop.attempts.length).toBe(2)
    expect(new Set(stop.attempts.map(({ key }) => key)).size).toBe(1)
    expect(stop.words).toEqual([{ word: 'halt', definition: 'A small station' }])
    await canned.page.reload()
    expect(asked).toEqual(['beforeunload'])
    expect(await canned.page.evaluate(`sessionStorage.getItem('kept-words')`)).toBe('[]')
    expect(await field('Word').inputValue()).toBe('')
  })

  test('is given back, not sent again, where it went without a key and the page was left before the answer', async () => {
    const { stop } = canned
    await open()
    await canned.page.getByText('No words yet').waitFor()
    stop.keepsKeys = false
    const gate = Promise.withResolvers<void>()
    await add('halt', 'A small station')
    await justAdded().waitFor()
    // The first attempt, with a key, is refused at once; the one without hangs.
    stop.hangsKeyless = gate.promise
    await add('siding', 'A track beside the line')
    await until('the word to go without a key', () =>
      stop.attempts.some(({ key, word }) => key === undefined && word.word === 'siding'),
    )
    canned.page.on('dialog', (dialog) => dialog.accept())
    const attempts = stop.attempts.length
    await canned.page.reload()
    await canned.page
      .getByRole('alert')
      .filter({ hasText: 'siding' })
      .getByText('it could come twice')
      .waitFor()
    gate.resolve()
    expect(stop.attempts.length).toBe(attempts)
  })

  test('is shown once, each of several, where all were stored and only the answers were lost', async () => {
    const { stop } = canned
    await open()
    await canned.page.getByText('No words yet').waitFor()
    stop.lostAnswers = Number.POSITIVE_INFINITY
    for (const word of ['one', 'two']) {
      await add(word, 'of two')
      await keptWords().getByText(word, { exact: true }).waitFor()
    }
    await canned.page.reload()
    // The words come before the turn of the second.
    await canned.page.getByText('2 in all').waitFor()
    stop.lostAnswers = 0
    await justAdded().getByText('two', { exact: true }).waitFor()
    expect(await canned.page.locator('dt').allTextContents()).toEqual(['two', 'one'])
    expect(stop.words.map(({ word }) => word)).toEqual(['one', 'two'])
  })

  test('leaves the focus at the next one when it is discarded, and in the form after the last', async () => {
    const { stop } = canned
    await open()
    await canned.page.getByText('No words yet').waitFor()
    loseDatabase()
    for (const word of ['one', 'two', 'three']) {
      await add(word, 'a number')
      await keptWords().getByText(word, { exact: true }).waitFor()
    }
    bringDatabaseBack()
    stop.unholdable = ['one', 'two', 'three']
    const card = (word: string) =>
      canned.page.locator('.given-back').filter({ hasText: `did not take ${word}` })
    await card('three').waitFor()
    const discard = (word: string) => card(word).getByRole('button', { name: 'Discard it' }).press('Enter')
    const isAt = (selector: string, text = '') =>
      until(`the focus at ${selector} ${text}`, async () => {
        const focused = canned.page.locator(`${selector}:focus`).filter({ hasText: text })
        return (await focused.count()) === 1
      })
    await discard('two')
    await isAt('.given-back:has-text("three") button', 'Put it back into the form')
    await discard('three')
    await isAt('.given-back:has-text("one") button', 'Put it back into the form')
    await discard('one')
    await isAt('[name=word]')
    expect(await canned.page.locator('.given-back').count()).toBe(0)
  })
})
