import * as z from 'zod'
import { limits } from './limits.ts'
import { faultOf } from './text.ts'

/**
 * A text that every database of the tour keeps exactly as sent: 1–256 Unicode code points, not blank, no lone
 * surrogate. JSON Schema counts code points too (RFC 8259 section 7), so the documented bounds are the real ones.
 */
const text = (description: string) =>
  z
    .string()
    .superRefine((value, context) => {
      const fault = faultOf(value)
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    })
    .meta({ description, minLength: 1, maxLength: limits.textCodePoints, pattern: '\\S' })

/** A word and its definition, as stored and as answered. */
export const Word = z
  .strictObject({
    word: text('The word, kept exactly as sent'),
    definition: text('What it means, kept exactly as sent'),
  })
  .meta({ id: 'Word', description: 'A word and its definition' })
export type Word = z.infer<typeof Word>

/**
 * The words of an answer: texts without the limits of a new word, because a table may hold words that another
 * program wrote.
 */
export const Words = z
  .array(z.object({ word: z.string(), definition: z.string() }))
  .meta({ id: 'Words', description: 'Words, in the order the database keeps them' })
export type Words = z.infer<typeof Words>

/** The query of GET /words: nothing for the whole list, a limit for one page, a cursor for the page after. */
export const WordsQuery = z
  .strictObject({
    limit: z
      .string()
      .regex(/^[0-9]{1,9}$/, 'must be a whole number')
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= limits.pageWords, `must be from 1 to ${limits.pageWords}`)
      .optional()
      .meta({
        type: 'integer',
        minimum: 1,
        maximum: limits.pageWords,
        description: 'Words on this page; without it, every word',
      }),
    cursor: z
      .string()
      .min(1, 'must not be empty')
      .max(200, 'is not a cursor of this service')
      .optional()
      .meta({ description: 'From the previous page: take it from its Link header, do not build it' }),
  })
  .refine((query) => query.cursor === undefined || query.limit !== undefined, {
    path: ['cursor'],
    message: 'goes with limit',
  })
export type WordsQuery = z.infer<typeof WordsQuery>

/** The headers of PUT /words that mean something to it; all others are let through, and not looked at. */
export const PutWordHeaders = z.object({
  'idempotency-key': z
    .guid('must be a UUID, such as 0b3e1c1e-8c5d-4f5e-9a57-6f1d2c3b4a59')
    .optional()
    .meta({
      description:
        'A UUID of any version, new for each word that is to be added. The same key with the same word and definition ' +
        `again, within ${limits.keyHours} hours, is answered as the first time and adds nothing; with another word or ` +
        'definition it adds another word.',
    }),
})
