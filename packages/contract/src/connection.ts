import * as z from 'zod'
import { Health } from './problems.ts'

/** The six steps of every connection, in their order; each is possible only after the one before. */
export const stepNames = ['name', 'port', 'certificate', 'login', 'schema', 'read and write'] as const
export type StepName = (typeof stepNames)[number]

/** What is wrong, as people read it: `origin: problem. remedy`. */
export const Fault = z
  .object({
    origin: z
      .string()
      .meta({ description: 'Where it comes from: the variable that named the server, or the table' }),
    problem: z.string().meta({ description: 'What is wrong, without a full stop' }),
    remedy: z.string().meta({ description: 'What to do, as a sentence' }),
  })
  .meta({ id: 'Fault' })
export type Fault = z.infer<typeof Fault>

export const StepState = z.enum(['ok', 'warning', 'failed', 'waiting', 'skipped'])
export type StepState = z.infer<typeof StepState>

const step = <Name extends StepName, Found extends z.ZodRawShape>(name: Name, found: Found) =>
  z.object({
    step: z.literal(name),
    state: StepState.meta({
      description:
        'waiting: under way or not yet begun; skipped: an earlier step failed, or it was not asked for',
    }),
    ms: z
      .number()
      .nullable()
      .meta({ description: 'How long it took, in milliseconds; null when it has not ended' }),
    found: z.object(found).nullable().meta({ description: 'What was found; null when nothing was' }),
    faults: z.array(Fault).meta({ description: 'What failed, or what is a warning; empty when all is well' }),
  })

/** One step: its state, its time, what was found and what is wrong. */
export const Step = z
  .discriminatedUnion('step', [
    step('name', { addresses: z.array(z.string()) }),
    step('port', { address: z.string(), port: z.int() }),
    step('certificate', {
      protocol: z
        .string()
        .nullable()
        .meta({ description: 'Such as TLSv1.3; null when nothing is encrypted' }),
      cipher: z.string().nullable().meta({ description: 'Such as TLS_AES_256_GCM_SHA384' }),
      verified: z.boolean().meta({ description: 'Whether authority, name and expiry were verified' }),
      subject: z.string().nullable(),
      issuer: z.string().nullable(),
      names: z
        .array(z.string())
        .meta({ description: 'The names and addresses that the certificate carries' }),
      validTo: z.iso.datetime().nullable(),
      daysLeft: z.int().nullable().meta({ description: 'Whole days until it expires' }),
    }),
    step('login', {
      user: z.string().nullable(),
      plugin: z.string().nullable().meta({ description: 'How the server authenticates this user' }),
      server: z.string().nullable().meta({ description: "The server's own name and version" }),
    }),
    step('schema', {
      database: z.string().meta({ description: 'The database or keyspace that holds the words' }),
      table: z.string(),
      created: z.boolean().meta({ description: 'Whether this stop has just made it' }),
      replication: z
        .record(z.string(), z.string())
        .nullable()
        .meta({ description: 'Copies for each data centre, and the strategy as `class`' }),
      charset: z.string().nullable(),
      differences: z
        .array(z.string())
        .meta({ description: 'What is otherwise than this stop would have made it; it is never altered' }),
    }),
    step('read and write', {
      rowsRead: z.int().nullable(),
      rowsWritten: z.int().nullable().meta({ description: 'null: writing was not asked for' }),
      consistency: z.string().nullable().meta({ description: 'The consistency or isolation level' }),
    }),
  ])
  .meta({ id: 'Step' })
export type Step = z.infer<typeof Step>

const ms = () => z.number().nullable().meta({ description: 'Milliseconds; null when nothing was measured' })
const time = () => z.iso.datetime()

/** One server of the database, as the driver and the last minute show it. */
const Member = z.object({
  address: z.string().meta({ description: 'host:port' }),
  dataCenter: z.string().nullable(),
  rack: z.string().nullable(),
  up: z.boolean().meta({ description: 'Whether the driver can use it: polled, not only told by events' }),
  connections: z.int().nullable().meta({ description: 'Open connections to it' }),
  inFlight: z.int().nullable().meta({ description: 'Requests that it has not answered yet' }),
  requests: z.int().meta({ description: 'Statements that it answered in the last minute' }),
  failed: z.int().meta({ description: 'Statements that it failed in the last minute' }),
  p50Ms: ms(),
  p99Ms: ms(),
  lastUsedAt: time().nullable(),
})

/** What changes with time. */
const Live = z.object({
  members: z.array(Member),
  pool: z
    .object({
      limit: z.int().meta({ description: 'Connections at most' }),
      inUse: z.int(),
      idle: z.int(),
      waiting: z.int().meta({ description: 'Requests that wait for a connection' }),
      queueLimit: z.int().meta({ description: 'Requests that may wait at most' }),
    })
    .nullable()
    .meta({ description: 'The pool, where the driver has one connection for each statement' }),
  inFlight: z.int().meta({ description: 'Statements under way' }),
  lastMinute: z
    .array(
      z.object({
        at: time(),
        count: z.int().meta({ description: 'Statements that were answered; without those that failed' }),
        failed: z.int(),
        p50Ms: ms(),
        p99Ms: ms(),
      }),
    )
    .meta({ description: 'The last minute, second by second; seconds without a statement are left out' }),
  statements: z
    .array(
      z.object({
        kind: z.enum(['read', 'write']),
        text: z.string().meta({ description: 'CQL or SQL, without values' }),
        member: z.string().nullable().meta({ description: 'Who answered it' }),
        ms: z.number(),
        at: time(),
        source: z
          .object({ file: z.string(), line: z.int(), url: z.string().nullable() })
          .optional()
          .meta({ description: "Where the statement stands in the stop's own source, where that is there" }),
      }),
    )
    .meta({ description: 'The last read and the last write' }),
  events: z
    .array(
      z.object({
        at: time(),
        what: z.enum(['connected', 'lost', 'member down', 'member up']),
        member: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    )
    .meta({ description: 'The last losses and recoveries, newest last' }),
  nextAttemptMs: z
    .number()
    .nullable()
    .meta({ description: 'Milliseconds until the database is tried again; null while it is there' }),
})
export type Live = z.infer<typeof Live>

/** The answer of /connection, and what `diagnose --json` prints. */
export const ConnectionReport = z
  .object({
    stop: z.string().meta({ description: 'Which stop of the tour this is' }),
    title: z.string().meta({ description: 'What the stop is called on its page' }),
    at: time().meta({ description: 'When this report was made' }),
    state: StepState.exclude(['skipped']).meta({
      description:
        'The worst of the steps, a warning at most while the database serves; waiting: not connected yet',
    }),
    reason: z.string().nullable().meta({ description: 'What is being waited for, and what to do' }),
    database: Health.shape.database,
    servers: z
      .array(
        z.object({
          server: z.string().meta({ description: 'host:port, as the URL names it' }),
          steps: z.array(Step).meta({ description: 'name, port, certificate, login' }),
        }),
      )
      .meta({ description: 'Every contact point' }),
    steps: z.array(Step).meta({ description: 'schema, read and write: once for the whole database' }),
    live: Live.nullable().meta({ description: 'What changes with time; null in a diagnosis' }),
    canBreak: z
      .boolean()
      .optional()
      .meta({ description: 'Whether /break can break this connection: in development alone' }),
    hidden: z.boolean().meta({
      description: 'Whether addresses, names and the user are left out, because the asker is not local',
    }),
  })
  .meta({ id: 'ConnectionReport', description: 'How the connection to the database stands' })
export type ConnectionReport = z.infer<typeof ConnectionReport>
