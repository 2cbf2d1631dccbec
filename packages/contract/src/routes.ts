import * as z from 'zod'
import { ConnectionReport } from './connection.ts'
import { limits } from './limits.ts'
import { Health, Problem, problemMediaType } from './problems.ts'
import { PutWordHeaders, Word, Words, WordsQuery } from './words.ts'

const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
})

const problem = (description: string) => ({
  description,
  content: { [problemMediaType]: { schema: Problem } },
})

const header = (description: string, type: 'string' | 'integer') => ({ type, description })

const retryAfter = { 'Retry-After': header('Seconds after which to try again', 'integer') }

/** What any route may answer when the service itself fails. */
const failures = {
  500: problem('A fault of this service; its log has more, under the id in `instance`'),
  503: { ...problem(`The database does not answer; told within ${limits.answerMs} ms`), headers: retryAfter },
}

/**
 * Every operation of the contract: what it takes, what it answers and how it is documented. The server validates
 * with these schemas, and /openapi.json is generated from them.
 */
export const contract = {
  getWords: {
    operationId: 'getWords',
    tags: ['words'],
    summary: 'The words',
    description:
      'Without `limit`, every word, streamed. A transfer that breaks off did not bring them all: it never parses as ' +
      'JSON. With `limit`, one page; while there is more, the Link header has the address of the next. The order is ' +
      'that of the database.',
    querystring: WordsQuery,
    response: {
      200: {
        ...json('Words', Words),
        headers: {
          Link: header('`<address>; rel="next"` of the next page, while there is one (RFC 8288)', 'string'),
        },
      },
      400: problem('The query is wrong: `errors` names every field'),
      ...failures,
    },
  },
  putWord: {
    operationId: 'putWord',
    tags: ['words'],
    summary: 'Add a word',
    description:
      `As a form or as JSON, in UTF-8, at most ${limits.bodyBytes} bytes. The text is kept exactly as sent. With an ` +
      'Idempotency-Key, a request that got no answer can be sent again, and the word is added once.',
    consumes: ['application/json', 'application/x-www-form-urlencoded'],
    headers: PutWordHeaders,
    body: Word,
    response: {
      204: z.undefined().meta({ description: 'The database has the word' }),
      400: problem('The body or the Idempotency-Key is wrong: `errors` names every field'),
      408: problem('The body did not arrive in time'),
      413: problem(`The body is larger than ${limits.bodyBytes} bytes`),
      415: problem('The body is neither a form nor JSON, or not in UTF-8'),
      422: problem('The table in this database cannot hold the text'),
      ...failures,
      503: {
        ...problem('The database does not answer; says whether the word may have been stored'),
        headers: retryAfter,
      },
      501: problem('This database keeps no keys: send the word without an Idempotency-Key'),
    },
  },
  getLiveness: {
    operationId: 'getLiveness',
    tags: ['health'],
    summary: 'Whether the process runs',
    response: { 200: json('It runs', Health) },
  },
  getReadiness: {
    operationId: 'getReadiness',
    tags: ['health'],
    summary: 'Whether the process and its database can serve',
    response: {
      200: json('They can', Health),
      503: { ...json('They cannot yet, or no longer: `reason` says why', Health), headers: retryAfter },
    },
  },
  getConnection: {
    operationId: 'getConnection',
    tags: ['health'],
    summary: 'How the connection to the database stands',
    description:
      'The six steps of the connection and what changes with time. Addresses, names and the user are for this ' +
      'machine alone, unless the setting CONNECTION_DETAILS says otherwise.',
    response: { 200: json('The report; 200 whatever it says', ConnectionReport) },
  },
  getMetrics: {
    operationId: 'getMetrics',
    tags: ['health'],
    summary: 'What Prometheus reads',
    description:
      'Requests by route and status, statements by kind and member, members, pool and reconnects (`tour_…`), and the ' +
      'process (`process_…`, `nodejs_…`). Members are numbered; their addresses stand here only where the setting ' +
      'CONNECTION_DETAILS is `everyone`.',
    response: {
      200: {
        description: 'The metrics, in the text format of Prometheus',
        content: { 'text/plain': { schema: z.string() } },
      },
    },
  },
}
