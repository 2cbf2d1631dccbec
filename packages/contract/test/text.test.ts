import { describe, expect, test } from '@jest/globals'
import { codePoints, faultOf, limits } from 'contract'

describe('the rules for a text', () => {
  test.each([
    ['256 letters', 'x'.repeat(256)],
    ['256 emoji, which are 512 UTF-16 units and 1024 bytes', '😀'.repeat(256)],
    ['128 letters with a combining mark each, which are 256 code points', 'e\u0301'.repeat(128)],
    ['one character', 'x'],
    ['text with spaces around it', '  x  '],
    ['a control character', 'a\u0000b'],
    ['the last code point there is', '\u{10FFFF}'],
  ])('accept %s', (_, text) => {
    expect(faultOf(text)).toBeUndefined()
  })

  test.each([
    ['nothing', '', 'blank'],
    ['a space', ' ', 'blank'],
    ['white space of other kinds', '\t\n\u00a0\u3000', 'blank'],
    ['257 letters', 'x'.repeat(257), 'not 257'],
    ['257 emoji', '😀'.repeat(257), 'not 257'],
    ['257 code points that show as 129 characters', `${'e\u0301'.repeat(128)}x`, 'not 257'],
    ['the first half of a surrogate pair', 'a\ud800', 'surrogate'],
    ['the second half of a surrogate pair', '\udc00b', 'surrogate'],
    ['a surrogate pair the wrong way round', '\udc00\ud800', 'surrogate'],
  ])('refuse %s', (_, text, fault) => {
    expect(faultOf(text)).toContain(fault)
  })

  test('the limit is that of the original tables', () => {
    expect(limits.textCodePoints).toBe(256)
  })
})

test('the length of a text is counted in code points', () => {
  expect(codePoints('')).toBe(0)
  expect(codePoints('a😀e\u0301')).toBe(4)
})
