import { limits } from 'contract'

/** How long what is waited for, in milliseconds. */
export type Waits = {
  /** For an answer to begin, before the client is told 503. */
  answerMs: number
  /** For a client to read anything at all of its answer, before it is cut. */
  readerMs: number
  /** For answers under way, when the server is closed. */
  drainMs: number
}

export const defaultWaits: Waits = { answerMs: limits.answerMs, readerMs: 30_000, drainMs: 8_000 }

declare module 'fastify' {
  interface FastifyInstance {
    waits: Waits
  }
}
