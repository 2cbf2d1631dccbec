import { existsSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync } from 'node:zlib'
import type { Answer, Request } from './load.ts'
import { root } from './programs.ts'
import { faultOf } from './rows.ts'
import type { Work } from './works.ts'

/**
 * The answer of a server, once it is seen to be right: what every other one has to be, to the byte. That of a PUT is
 * known without a request.
 *
 * @throws with what is wrong about it
 */
export const rightAnswer = async (work: Work, url: string, request: Request): Promise<Answer> => {
  if (request.method !== 'GET') return { status: work.status, body: Buffer.alloc(0) }
  const answer = await answerOf(url + request.path, request.headers ?? {})
  const fault =
    answer.status !== work.status
      ? `status ${answer.status}, not ${work.status}`
      : work.answeredRows !== undefined
        ? faultOf(answer.body.toString(), work.answeredRows, work.rows ?? 0)
        : work.status === 200
          ? faultOfFile(answer, request.path)
          : undefined
  if (fault !== undefined) throw new Error(`GET ${request.path} is answered wrongly: ${fault}`)
  return answer
}

/** What is wrong about an answer that is to be a file of the page, packed; undefined when nothing is. */
const faultOfFile = ({ body }: Answer, path: string): string | undefined => {
  const file = join(root, 'packages/frontend/dist', path === '/' ? 'index.html' : path)
  if (!existsSync(file)) return 'the page has no such file'
  try {
    return brotliDecompressSync(body).equals(readFileSync(file)) ? undefined : 'not the file of the page'
  } catch (error) {
    return `not packed: ${(error as Error).message}`
  }
}

/** One answer as it comes: `fetch` would send headers of its own, and unpack the body. */
export const answerOf = async (
  url: string,
  headers: Record<string, string>,
): Promise<Answer & { headers: NodeJS.Dict<string | string[]> }> => {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof answerOf>>>()
  const sent = get(url, { headers, timeout: 10_000 }, (answer) => {
    const { statusCode: status = 0, headers } = answer
    buffer(answer).then((body) => resolve({ status, headers, body }), reject)
  })
  sent.once('timeout', () => sent.destroy(new Error('no answer within 10 s'))).once('error', reject)
  return promise
}
