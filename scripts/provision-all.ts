import { isAgreedTo, type Kind, type ProvisionOptions, provision } from 'local-databases'

/** Gets something, after `confirm` has said yes to what has to be downloaded or installed for it. */
export type Provision = (
  options: Required<Pick<ProvisionOptions, 'confirm' | 'onProgress' | 'signal'>>,
) => Promise<void>

/**
 * Gets several things, all at the same time and each with a promise of its own.
 *
 * What has to be downloaded or installed is told first, for all of them together. On a terminal that is one question;
 * otherwise it goes on. A promise rejects when its thing cannot be had, when the answer is no, or once aborted.
 *
 * @param onProgress told what is being done for which of them
 */
export const provisionAll = <Name extends string>(
  provisions: ReadonlyMap<Name, Provision>,
  signal: AbortSignal,
  onProgress: (name: Name, doing: string) => void,
): Map<Name, Promise<void>> => {
  const plans: string[] = []
  const answer = Promise.withResolvers<boolean>()
  answer.promise.catch(() => {}) // told to whoever asked
  const undecided = new Set(provisions.keys())
  const decide = (name: Name) => {
    if (undecided.delete(name) && undecided.size === 0 && plans.length > 0)
      ask(plans, signal).then(answer.resolve, answer.reject)
  }
  const provisionOne = async (name: Name, provision: Provision): Promise<void> => {
    const confirm = (question: string) => {
      const plan = question.replace(/ Go on\?$/, '')
      if (undecided.has(name)) plans.push(plan)
      else console.log(plan) // comes of what was agreed to
      decide(name)
      return answer.promise
    }
    await provision({ confirm, signal, onProgress: (doing) => onProgress(name, doing) }).finally(() =>
      decide(name),
    )
  }
  return new Map(provisions.entries().map(([name, provision]) => [name, provisionOne(name, provision)]))
}

/** What gets a database of each kind. */
export const databasesOf = (
  kinds: readonly Kind[],
  options: Pick<ProvisionOptions, 'isNativeToo'> = {},
): [Kind, Provision][] => kinds.map((kind) => [kind, (given) => provision(kind, { ...options, ...given })])

const ask = async (plans: readonly string[], signal: AbortSignal): Promise<boolean> => {
  for (const plan of plans) console.log(plan)
  return process.stdin.isTTY ? isAgreedTo('Go on?', signal) : true
}
