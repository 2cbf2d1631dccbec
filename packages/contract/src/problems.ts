import * as z from 'zod'

/** An error, as RFC 9457 (Problem Details for HTTP APIs) writes it: media type application/problem+json. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'A URI that names the kind of problem, or about:blank' }),
    title: z.string().meta({ description: 'The kind of problem, in words' }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status of this answer' }),
    detail: z.string().optional().meta({ description: 'What is wrong this time, and what to do' }),
    instance: z.string().optional().meta({ description: "This request's id, under which the log has more" }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every field that is wrong' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' })
export type Problem = z.infer<typeof Problem>

export const problemMediaType = 'application/problem+json'

/** The answer of /livez and /readyz. */
export const Health = z
  .object({
    status: z.enum(['ok', 'waiting']),
    stop: z.string().meta({ description: 'Which stop of the tour this is' }),
    title: z.string().meta({ description: 'What the stop is called on its page' }),
    database: z
      .object({
        name: z.string().meta({ description: "The database's own name, as the server says it" }),
        version: z.string().meta({ description: "The database's own version, as the server says it" }),
        tls: z
          .string()
          .nullable()
          .meta({ description: 'The TLS protocol of the connection; null when it is not encrypted' }),
        verified: z
          .boolean()
          .meta({ description: "Whether the server's certificate and name were verified" }),
      })
      .nullable()
      .meta({ description: 'The database, once it has answered; null before, and where there is none' }),
    reason: z.string().optional().meta({ description: 'What is being waited for, and what to do' }),
  })
  .meta({ id: 'Health', description: 'Whether this stop can serve' })
export type Health = z.infer<typeof Health>
