import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { statementSources } from '../src/statement-source.ts'

const statement = 'SELECT word FROM words WHERE id > ?'
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'source-'))
  await mkdir(join(root, 'apps/stop/src'), { recursive: true })
  await mkdir(join(root, '.git'))
  await writeFile(join(root, 'pnpm-workspace.yaml'), '')
  await writeFile(join(root, 'apps/stop/src/main.ts'), 'start()\n')
  await writeFile(join(root, 'apps/stop/src/longer.ts'), `const OTHER = '${statement} LIMIT 10'\n`)
  await writeFile(join(root, 'apps/stop/src/words.ts'), `// the read\n\nconst PAGE = '${statement}'\n`)
})
afterEach(() => rm(root, { recursive: true }))

const sourceOf = (text: string) => statementSources(join(root, 'apps/stop/src/main.ts'))(text)
const clonedFrom = (url: string) =>
  writeFile(
    join(root, '.git/config'),
    `[core]\n\tbare = false\n[remote "origin"]\n\turl = ${url}\n\tfetch = +a\n`,
  )

describe('where a statement stands', () => {
  test('is the line of the file beside the program that has its text', () => {
    expect(sourceOf(statement)).toEqual({ file: 'apps/stop/src/words.ts', line: 3, url: null })
  })

  test('is nowhere, where no file has it or the program is not in its repository', async () => {
    expect(sourceOf('SELECT 1')).toBeUndefined()
    await rm(join(root, 'pnpm-workspace.yaml'))
    expect(sourceOf(statement)).toBeUndefined()
  })

  test.each([
    ['https://github.com/someone/tour.git', 'https://github.com/someone/tour/blob/HEAD/'],
    ['https://github.com/someone/tour', 'https://github.com/someone/tour/blob/HEAD/'],
    ['git@github.com:someone/tour.git', 'https://github.com/someone/tour/blob/HEAD/'],
    ['ssh://git@github.com/someone/tour.git', 'https://github.com/someone/tour/blob/HEAD/'],
    ['https://someone:secret@github.com/someone/tour.git', 'https://github.com/someone/tour/blob/HEAD/'],
    ['git@gitlab.example.com:group/sub/tour.git', 'https://gitlab.example.com/group/sub/tour/-/blob/HEAD/'],
  ])('has a link, where the repository was cloned from %s', async (url, base) => {
    await clonedFrom(url)
    expect(sourceOf(statement)?.url).toBe(`${base}apps/stop/src/words.ts#L3`)
  })

  test('has none, where it was cloned from a place whose links we do not know', async () => {
    await clonedFrom('/srv/git/tour.git')
    expect(sourceOf(statement)?.url).toBeNull()
  })
})
