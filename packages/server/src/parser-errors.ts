import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemMediaType } from 'contract'
import type { FastifyInstance } from 'fastify'

/**
 * Answers what Node's HTTP parser could not read (https://nodejs.org/api/http.html#event-clienterror) as a problem
 * too, where the client would not take that for the answer to an earlier one; then closes the connection, as where the
 * next request would begin is not known.
 */
export function answerParserError(this: FastifyInstance, error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable || this.isAnswering(socket)) {
    socket.destroy()
    return
  }
  const status = statuses[error.code ?? ''] ?? 400
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: details[status] })
  this.log.info({ code: error.code, status }, 'unreadable request')
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${problemMediaType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const statuses: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

const details: Record<number, string> = {
  400: 'This is not HTTP that this service reads',
  408: 'The request did not arrive whole in time',
  413: 'The extensions of a chunk are too long',
  431: 'The head of the request is larger than 16 KiB',
}
