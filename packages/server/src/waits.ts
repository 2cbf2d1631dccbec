import { limits } from 'contract'

/** How long what is waited for, in milliseconds. */
export type Waits = {
  /** For an answer to begin, else 503: a little less than the contract says, so that it has arrived by then. */
  answerMs: number
  /** For a client to read anything at all of its answer, before it is cut. */
  readerMs: number
  /** For answers under way, when the server is closed. */
  drainMs: number
}

export const defaultWaits: Waits = { answerMs: limits.answerMs - 300, readerMs: 30_000, drainMs: 8_000 }

declare module 'fastify' {
  interface FastifyInstance {
    waits: Waits
    /** Whether lists that are asked for at the same time share a query. */
    sharesReads: boolean
  }
}
