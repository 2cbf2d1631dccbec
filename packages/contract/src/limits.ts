/** What a word, a body and a page may be at most: the one place these numbers stand. */
export const limits = {
  /** Unicode code points in a word or a definition; the original tables hold varchar(256). */
  textCodePoints: 256,
  /** Bytes in a request's body. */
  bodyBytes: 16 * 1024,
  /** Words on one page. */
  pageWords: 1000,
  /** Milliseconds until a request is told 503 at the latest. */
  answerMs: 3500,
  /** Hours for which an Idempotency-Key is remembered, at least. */
  keyHours: 24,
} as const

/** Every path of the contract. */
export const paths = {
  words: '/words',
  livez: '/livez',
  readyz: '/readyz',
  connection: '/connection',
  metrics: '/metrics',
  openapi: '/openapi.json',
  docs: '/docs',
} as const
