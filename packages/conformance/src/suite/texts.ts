import { describe, expect, test } from '@jest/globals'
import { limits } from 'contract'
import { expectAdded, expectProblem, form, put, putForm, putJson, type Subject, unique } from './requests.ts'

/** Text comes back as it was sent, code point for code point, whichever way it was sent. */
export const testTexts = (subject: Subject): void => {
  describe('text', () => {
    test.each(texts)('with %s is kept exactly', async (_, text) => {
      const tag = unique('text')
      const escapes = escapesOf(text)
      await expectAdded(await putJson(subject, { word: text, definition: `${tag} 1` }))
      await expectAdded(
        await put(subject, 'application/json', `{"word":"${escapes}","definition":"${tag} 2"}`),
      )
      await expectAdded(await putForm(subject, { word: text, definition: `${tag} 3` }))
      await expectAdded(await putJson(subject, { word: `${tag} 4`, definition: text }))
      await expectAdded(await putForm(subject, { word: `${tag} 5`, definition: text }))
      const rows = (await subject.stop.client.words()).filter((row) =>
        Object.values(row).join().includes(tag),
      )
      const kept = rows.map(({ word, definition }) => (word.startsWith(tag) ? definition : word))
      expect(kept.map(codePointsOf)).toEqual(Array(5).fill(codePointsOf(text)))
    })

    test('in a form may stand unescaped, but for what a form means by + and %', async () => {
      const word = unique('é😀 שלום')
      await expectAdded(
        await put(subject, form, `word=${word.replaceAll(' ', '+')}&definition=%2B%25%26%3d+`),
      )
      const rows = await subject.stop.client.words()
      expect(rows.filter((row) => row.word === word)).toEqual([{ word, definition: '+%&= ' }])
    })

    test.each([
      ['letters', 'x'],
      ['emoji of two UTF-16 units and four bytes each', '😀'],
      ['letters outside of ASCII', 'é'],
    ])('of 256 %s is kept whole, and of 257 refused', async (_, character) => {
      const longest = character.repeat(limits.textCodePoints)
      const tag = unique('longest')
      await expectAdded(await putJson(subject, { word: tag, definition: longest }))
      await expectAdded(await putForm(subject, { word: tag, definition: longest }))
      const rows = await subject.stop.client.words()
      const wanted = { word: tag, definition: longest }
      expect(rows.filter(({ word }) => word === tag)).toEqual([wanted, wanted])

      for (const send of [putJson, putForm]) {
        const { errors } = await expectProblem(
          await send(subject, { word: tag, definition: `${longest}x` }),
          400,
        )
        expect(errors).toEqual([{ field: 'definition', message: expect.stringContaining('257') }])
      }
    })

    test('of 256 emoji fits into word and definition at once', async () => {
      const longest = '😀'.repeat(limits.textCodePoints)
      await expectAdded(await putForm(subject, { word: longest, definition: longest }))
      await expectAdded(await putJson(subject, { word: longest, definition: longest }))
    })
  })
}

const texts: [string, string][] = [
  ['emoji', '😀👩‍👩‍👧‍👦🏳️‍🌈🇺🇳'],
  ['quotes', `'single' "double" \`back\` ''twice'' “curly”`],
  ['a SQL injection', `'); DROP TABLE words; -- `],
  ['a SQL injection after a backslash', `\\'); DELETE FROM words WHERE 1=1 OR ''='`],
  ['a CQL injection', `'); TRUNCATE grand_tour.words; // $$ x $$`],
  ['marks of parameters', '? :word $1 @word #{word} %s {0}'],
  ['markup', `<script>alert(1)</script><img src=x onerror="alert(1)">&amp;&lt;`],
  ['backslashes and escapes that mean nothing here', '\\ \\n \\0 \\u0041 \\x41'],
  ['percent signs, pluses and other marks of a form', '100% %41 %zz + & = ; %'],
  ['letters from right to left', 'שלום مرحبا \u202eleft\u202c \u200f'],
  ['a composed letter', '\u00e9'],
  ['a letter with a combining mark', 'e\u0301'],
  ['many combining marks', 'Z\u0351\u036b\u0343\u036a\u0302'],
  ['letters of which upper and lower case differ in length', 'ß İ ı ﬀ Σς'],
  ['digits and letters of full width', 'ＡＢＣ１２３ｱ'],
  ['spaces at its end', 'trailing   '],
  ['spaces at its beginning', '   leading'],
  ['white space of other kinds around it', '\u00a0\u3000x\u2003\u00a0'],
  ['tabs', '\ta\tb\t'],
  ['every kind of line break', 'a\nb\rc\r\nd\u2028e\u2029f\u0085g\n'],
  ['a byte-order mark before it', '\ufeffmarked'],
  ['characters of no width', 'a\u200bb\u200dc\u2060d\u00ade'],
  ['a NUL character', 'a\u0000b'],
  ['control characters', '\u0001\u0008\u001b[31mred\u007f'],
  ['the replacement character', 'a\ufffdb'],
  ['code points that are no characters', '\ufffe\uffff\u{1fffe}\u{10ffff}'],
  ['code points for private use', '\ue000\u{f0000}'],
  ['letters beyond the basic plane', '𠮷 𝒳 𐍈'],
  ['the name of something in the language', '__proto__'],
  ['a value of another type', 'null'],
  ['a number', '007'],
  ['JSON', '{"word":["a"]}'],
]

/** The text with every UTF-16 unit as a JSON escape, so that letters outside of the basic plane come in pairs. */
const escapesOf = (text: string) =>
  Array.from(
    { length: text.length },
    (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')

/** For comparison and for messages: what looks the same need not be the same. */
const codePointsOf = (text: string) =>
  Array.from(text, (character) => character.codePointAt(0)?.toString(16)).join(' ')
