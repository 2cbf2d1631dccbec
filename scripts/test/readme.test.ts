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
