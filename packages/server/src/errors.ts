/** One field of a request that is wrong. */
export type FieldError = { field: string; message: string }

/**
 * The database cannot answer now. The client is told 503 with the message, and to try again in a second.
 *
 * `sent: false` says that the statement certainly never left; otherwise a client that was writing is told that its
 * word may or may not have been stored. `isPublic: true` says that the message names no address and no user; otherwise
 * it is for those who may see them.
 */
export class Unavailable extends Error {
  override name = 'Unavailable'
  readonly sent: boolean
  readonly isPublic: boolean
  constructor(
    reason: string,
    { sent = true, isPublic = false, cause }: { sent?: boolean; isPublic?: boolean; cause?: unknown } = {},
  ) {
    super(reason, cause === undefined ? undefined : { cause })
    this.sent = sent
    this.isPublic = isPublic
  }
}

/** The text is right, but the table that is there cannot hold it. The client is told 422 with the message. */
export class NotStorable extends Error {
  override name = 'NotStorable'
}

/** The database can keep no Idempotency-Key, so that a word sent with one is not stored. The client is told 501. */
export class KeysNotKept extends Error {
  override name = 'KeysNotKept'
}

/** What is wrong with the fields of a part of a request, in one sentence. */
export const wrongFields = (part: string, fields: FieldError[]): string =>
  `The ${part} is not right: ${fields.map(({ field, message }) => `${field} ${message}`).join('; ')}`

/** The request is not as the contract wants it. The client is told `status` with the message and every wrong field. */
export class Refused extends Error {
  override name = 'Refused'
  // Fastify reads the status of an error from a property of this name.
  readonly statusCode: number
  readonly fields: FieldError[] | undefined
  constructor(statusCode: number, message: string, fields?: FieldError[]) {
    super(message)
    this.statusCode = statusCode
    this.fields = fields
  }
}
