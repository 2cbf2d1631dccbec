import { createInterface } from 'node:readline/promises'
import { type Kind, provision } from 'local-databases'

/**
 * Makes sure that a database of each kind can be had, all at the same time and each with a promise of its own.
 *
 * What has to be downloaded or installed is told first, for all kinds together. On a terminal that is one question;
 * otherwise it goes on. A promise rejects when its kind cannot be had, or when the answer is no.
 *
 * @param onProgress told what is being done for a kind
 */
export const provisionDatabases = (
  kinds: readonly Kind[],
  onProgress: (kind: Kind, doing: string) => void,
): Map<Kind | undefined, Promise<void>> => {
  const plans: string[] = []
  const answer = Promise.withResolvers<boolean>()
  let undecided = kinds.length
  const decide = () => {
    undecided -= 1
    if (undecided === 0 && plans.length > 0) ask(plans).then(answer.resolve, answer.reject)
  }
  const provisionOne = async (kind: Kind): Promise<void> => {
    let hasPlan = false
    const confirm = (question: string) => {
      hasPlan = true
      plans.push(question.replace(/ Go on\?$/, ''))
      decide()
      return answer.promise
    }
    await provision(kind, { confirm, onProgress: (doing) => onProgress(kind, doing) }).finally(
      () => hasPlan || decide(),
    )
  }
  return new Map(kinds.map((kind) => [kind, provisionOne(kind)]))
}

const ask = async (plans: readonly string[]): Promise<boolean> => {
  for (const plan of plans) console.log(plan)
  if (!process.stdin.isTTY) return true
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question('Go on? [Y/n] ')
  terminal.close()
  return !/^n/i.test(answer.trim())
}
