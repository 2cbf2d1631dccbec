import { stripVTControlCharacters } from 'node:util'
import { expect, test } from '@jest/globals'
import type { Step } from 'contract'
import { stepPrinter } from '../src/print-steps.ts'

const fault = { origin: 'COMPOSE_X_URL', problem: 'nothing listens on b:2', remedy: 'Start it.' }
const step = (step: Step['step'], state: Step['state'], found: object | null = null): Step =>
  ({
    step,
    state,
    ms: state === 'skipped' ? null : 1.5,
    found,
    faults: state === 'failed' ? [fault] : [],
  }) as Step

test('steps are printed as they end, those of a server together, each with its time and what to do', () => {
  const lines: string[] = []
  const printer = stepPrinter(['a:1', 'b:2'], 'the database', (line) =>
    lines.push(stripVTControlCharacters(line).trimEnd()),
  )
  printer.step('b:2', step('name', 'ok', { addresses: ['10.0.0.2'] }))
  expect(lines).toEqual([])
  printer.step('a:1', step('name', 'ok', { addresses: ['10.0.0.1'] }))
  expect(lines).toEqual(['', 'a:1', '  ✓ name             10.0.0.1  1.5 ms'])
  printer.step('b:2', step('port', 'failed'))
  printer.step('b:2', step('login', 'skipped'))
  printer.step('a:1', step('login', 'warning', { user: 'u', plugin: 'org.x.Password', server: 'X 1' }))
  printer.end()
  expect(lines.slice(3)).toEqual([
    '  ! login            u by Password; X 1  1.5 ms',
    '',
    'b:2',
    '  ✓ name             10.0.0.2  1.5 ms',
    '  ✗ port             1.5 ms',
    '      COMPOSE_X_URL: nothing listens on b:2.',
    '      → Start it.',
    '  - login            not tried',
  ])
})

test.each([
  [12, '12 days left'],
  [null, 'its end cannot be read'],
])('of a certificate with %p days left, the line says: %s', (daysLeft, words) => {
  const lines: string[] = []
  const printer = stepPrinter(['a:1'], 'the database', (line) => lines.push(stripVTControlCharacters(line)))
  const about = { verified: false, subject: 'a', issuer: 'a', names: [], validTo: null, daysLeft }
  printer.step('a:1', step('certificate', 'ok', { protocol: 'TLSv1.3', cipher: 'X', ...about }))
  printer.end()
  expect(lines.at(-1)).toContain(`TLSv1.3 (X), NOT verified; for a; by a; ${words}  1.5 ms`)
})
