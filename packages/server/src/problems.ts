import { STATUS_CODES } from 'node:http'
import { limits, type Problem, problemMediaType } from 'contract'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KeysNotKept, NotStorable, Refused, Unavailable } from './errors.ts'
import { hiddenReason } from './local-requests.ts'

/**
 * Answers every error as application/problem+json (RFC 9457). What a client may know is in the message of an error
 * made for it; anything else is 500 and hidden, with the id under which the log has it.
 *
 * @param explain turns an error of the database's driver into {@link Unavailable}, {@link NotStorable} or itself
 */
export const answerProblems = (server: FastifyInstance, explain: (error: unknown) => Error) => {
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    sendProblem(request, reply, isForClient(error, request) ? error : explained(error, explain))
  })
}

/** Answers one error; for a 5xx, keeps it for the log line of the request. */
export const sendProblem = (request: FastifyRequest, reply: FastifyReply, error: Error) => {
  const { status, detail, fields } = problemOf(error, request)
  if (status >= 500) request.failure = error
  if (status === 503) reply.header('retry-after', 1)
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...(detail !== undefined && { detail }),
    ...(status >= 500 && { instance: request.id }),
    ...(fields !== undefined && { errors: fields }),
  }
  // As bytes, because Fastify adds a charset to JSON that is text, and RFC 9457 registers none.
  return reply
    .code(status)
    .type(problemMediaType)
    .send(Buffer.from(JSON.stringify(problem)))
}

type Answer = { status: number; detail?: string; fields?: Refused['fields'] }

const problemOf = (
  error: Error & { statusCode?: number; code?: string },
  request: FastifyRequest,
): Answer => {
  if (error instanceof Refused)
    return { status: error.statusCode, detail: error.message, fields: error.fields }
  if (error instanceof NotStorable) return { status: 422, detail: error.message }
  if (error instanceof KeysNotKept) return { status: 501, detail: error.message }
  if (error instanceof Unavailable) {
    const reason = error.isPublic || request.server.showsDetails(request) ? error.message : hiddenReason
    return { status: 503, detail: error.sent ? inDoubt(reason, request) : reason }
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return { status: 413, detail: `The body is larger than ${limits.bodyBytes} bytes` }
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return { status: 415, detail: 'Send application/json or application/x-www-form-urlencoded, in UTF-8' }
  }
  const status = error.statusCode ?? 500
  if (status < 400 || status >= 500) {
    return { status: 500, detail: 'A fault of this service. Its log has more, under the id in "instance".' }
  }
  return isOfFastify(error) ? { status, detail: error.message } : { status }
}

/** A client that was writing when no answer came cannot know what became of it, and neither can we. */
const inDoubt = (reason: string, request: FastifyRequest): string => {
  if (request.method !== 'PUT' || !request.isHandled) return reason
  const doubt = `${reason.replace(/\.$/, '')}. The word may or may not have been stored`
  return request.wordId === undefined ? `${doubt}.` : `${doubt}: send it again with the same Idempotency-Key.`
}

/** The error as its stop explains it, with the original kept for the log. */
const explained = (error: Error, explain: (error: unknown) => Error): Error => {
  const result = explain(error)
  if (result !== error) result.cause ??= error
  return result
}

/** Whether an error was made for the client: by us, or by Fastify for a request that is wrong or late. */
const isForClient = (error: FastifyError, request: FastifyRequest): boolean =>
  isOurs(error) || isOfFastify(error) || !request.isHandled

/** By its code, which other errors may have as a number: those of cassandra-driver do. */
const isOfFastify = ({ code }: { code?: unknown }): boolean => String(code).startsWith('FST_')

const isOurs = (error: Error): boolean =>
  [Refused, Unavailable, NotStorable, KeysNotKept].some((kind) => error instanceof kind)
