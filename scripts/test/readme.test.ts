import { existsSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '..', '..')

/** Each excerpt of a README stands under a link to its file: [`src/words.ts`](src/words.ts). */
const excerpts = /\[`([^`]+)`\]\(\1\)\n\n?```ts\n(.*?)\n```/gs

test('every excerpt in a README is a part of the file it names, to the letter', async () => {
  let count = 0
  for await (const readme of glob('apps/*/README.md', { cwd: root })) {
    const text = readFileSync(join(root, readme), 'utf8')
    expect(text.match(/^```ts$/gm)?.length ?? 0).toBe([...text.matchAll(excerpts)].length)
    for (const [, file = '', excerpt = ''] of text.matchAll(excerpts)) {
      const source = readFileSync(join(root, dirname(readme), file), 'utf8').split('\n')
      const wanted = excerpt.split('\n')
      const isThere = source.some((line, at) => {
        const indent = line.length - line.trimStart().length
        return wanted.every((text, n) => text === source[at + n]?.slice(indent) || text === source[at + n])
      })
      expect({ readme, file, excerpt, isThere }).toEqual({ readme, file, excerpt, isThere: true })
      count++
    }
  }
  expect(count).toBeGreaterThan(10)
})

test('what the tour of README.md quotes is what the page, the stop and the database say', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const tour = /^## Watch it survive\n(.*?)^## /ms.exec(readme)?.[1] ?? ''
  const sayings: RegExp[] = []
  for await (const file of glob(sayers, { cwd: root })) sayings.push(...literals(join(root, file)))
  const quotes = [...tour.matchAll(/“([^”]+)”/g)].map(([, quote = '']) => quote.replace(/\s+/g, ' '))
  for (const sentence of quotes.flatMap((quote) => quote.split(/(?<=\.) (?=[A-Z])/))) {
    const isSaid = sayings.some((saying) => saying.test(sentence.replace(/\.$/, '')))
    expect({ sentence, isSaid }).toEqual({ sentence, isSaid: true })
  }
  expect(quotes.length).toBeGreaterThan(15)
})

/** Where what one sees on the tour is written, or asserted. */
const sayers = [
  'apps/example-scylla/src/responses.ts',
  'packages/conformance/src/panel.ts',
  'packages/connection/src/faults.ts',
  'packages/frontend/{src/page,test}/**/*.{ts,tsx}',
  'packages/local-databases/src/breakable.ts',
]

/** Patterns of every string in a file and of the text between its tags; anything may stand for a value in them. */
const literals = (path: string): RegExp[] => {
  const source = readFileSync(path, 'utf8')
  const texts = [...source.matchAll(/'([^'\n]+)'|`([^`\n]+)`|>\s*([^<>{}]+?)\s*</g)]
  return (
    texts
      .map(([, quoted, template, between]) => quoted ?? template ?? between ?? '')
      .map((text) => text.replace(/\.$/, '').split(/\$\{[^}]*\}/))
      // What is hardly more than values would be found in any sentence.
      .filter((parts) => parts.length === 1 || parts.join('').length > 8)
      .map((parts) => new RegExp(`^${parts.map(RegExp.escape).join('.+')}$`))
  )
}

test('every test that the README runs by its name is there', async () => {
  const commands = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/--filter (\S+) test -t '([^']+)'/g)
  let count = 0
  for (const [, app, name = ''] of commands) {
    const files = await Array.fromAsync(
      glob([`apps/${app}/test/*.ts`, 'packages/conformance/src/**/*.ts'], { cwd: root }),
    )
    const inTests = files.filter((file) => readFileSync(join(root, file), 'utf8').includes(name))
    expect({ app, name, isThere: inTests.length > 0 }).toEqual({ app, name, isThere: true })
    count++
  }
  expect(count).toBe(2)
})

test('every link in a README leads to a file', async () => {
  for await (const readme of glob(['*.md', 'apps/*/*.md', 'packages/*/*.md', 'docs/**/*.md'], {
    cwd: root,
  })) {
    if (readme.includes('node_modules') || readme.includes('dist')) continue
    const text = readFileSync(join(root, readme), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect({ readme, target, exists: existsSync(join(root, dirname(readme), target)) }).toEqual({
        readme,
        target,
        exists: true,
      })
    }
  }
})

test('every test that docs/connection-pains.md names is there, and every pain has one', () => {
  const docs = join(root, 'docs')
  const text = readFileSync(join(docs, 'connection-pains.md'), 'utf8')
  const pains = new Set<number>()
  for (const row of text.split('\n').filter((line) => /^\| \d+ /.test(line))) {
    const cells = row.split(/(?<!\\)\|/)
    let file = ''
    for (const [, link, name = ''] of (cells.at(-2) ?? '').matchAll(/\]\(([^)]+)\)|“([^”]+)”/g)) {
      if (link !== undefined) file = link
      else {
        const isThere = readFileSync(join(docs, file), 'utf8').includes(name)
        expect({ file, name, isThere }).toEqual({ file, name, isThere: true })
        pains.add(Number(cells[1]))
      }
    }
  }
  expect([...pains].sort((a, b) => a - b)).toEqual(Array.from({ length: 22 }, (_, index) => index + 1))
})
