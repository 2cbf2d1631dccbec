import { get } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Answer, Request } from './load.ts'
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
        : undefined
  if (fault !== undefined) throw new Error(`GET ${request.path} is answered wrongly: ${fault}`)
  return answer
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
