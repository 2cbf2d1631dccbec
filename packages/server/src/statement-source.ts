import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Live } from 'contract'

type Source = NonNullable<Live['statements'][number]['source']>

/**
 * Finds where a statement stands in the stop's own source: in a file beside the program that runs, with a link to the
 * line where the repository was cloned from GitHub or GitLab. A production folder has no source, so nothing is found.
 *
 * @param program the file that Node.js was started with
 */
export const statementSources = (program: string = process.argv[1] ?? '') => {
  const folder = dirname(program)
  const root = rootOf(folder)
  const known = new Map<string, Source | undefined>()
  // A stop has a handful of statements, which never change; each is looked for once.
  return (text: string): Source | undefined => {
    if (root === undefined) return undefined
    if (!known.has(text)) known.set(text, find(text, folder, root))
    return known.get(text)
  }
}

/** The repository that a folder is in. */
const rootOf = (folder: string): string | undefined => {
  if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder
  return dirname(folder) === folder ? undefined : rootOf(dirname(folder))
}

const find = (text: string, folder: string, root: string): Source | undefined => {
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const content = readFileSync(join(folder, name), 'utf8')
    // The whole of a literal: another statement may begin with the same words.
    const index = ["'", '"', '`']
      .map((quote) => content.indexOf(quote + text + quote))
      .find((at) => at !== -1)
    if (index === undefined) continue
    const file = relative(root, join(folder, name)).replaceAll('\\', '/')
    const line = content.slice(0, index).split('\n').length
    return { file, line, url: urlOf(root, file, line) }
  }
  return undefined
}

/** The line in the repository that this one was cloned from; without the user and password that its address may hold. */
const urlOf = (root: string, file: string, line: number): string | null => {
  const [, host = '', path] = origin.exec(configOf(root)) ?? []
  if (path === undefined) return null
  if (host === 'github.com') return `https://${host}/${path}/blob/HEAD/${file}#L${line}`
  if (host.startsWith('gitlab.')) return `https://${host}/${path}/-/blob/HEAD/${file}#L${line}`
  return null
}

const origin =
  /\[remote "origin"\][^[]*?url = (?:https:\/\/(?:[^@/\s]+@)?|ssh:\/\/git@|git@)([^/:\s]+)[/:](\S+?)(?:\.git)?$/m

const configOf = (root: string): string => {
  try {
    return readFileSync(join(root, '.git', 'config'), 'utf8')
  } catch {
    return '' // no clone, or one whose .git is elsewhere
  }
}
