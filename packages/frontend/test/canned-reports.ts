import type { ConnectionReport, Live, Step } from 'contract'

// Reports as the stops give them, for states that a real database can't be brought into at a given moment.

const now = Date.parse('2026-11-22T12:04:30.000Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString()

/** A step that went well. */
const ok = <Name extends Step['step']>(
  step: Name,
  ms: number | null,
  found: Extract<Step, { step: Name }>['found'],
): Step => ({ step, state: 'ok', ms, found, faults: [] }) as Step

const skipped = (step: Step['step']): Step =>
  ({ step, state: 'skipped', ms: null, found: null, faults: [] }) as Step

const certificate = (subject: string, names: string[], daysLeft = 364, verified = true) =>
  ok('certificate', 4.2, {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    verified,
    subject,
    issuer: 'The Grand Tour, local authority',
    names,
    validTo: new Date(now + daysLeft * 86_400_000).toISOString(),
    daysLeft,
  })

const server = (index: number, daysLeft?: number): ConnectionReport['servers'][number] => ({
  server: `127.0.0.${index}:41937`,
  steps: [
    ok('name', 0.2, { addresses: [`127.0.0.${index}`] }),
    ok('port', 0.4 + index / 10, { address: `127.0.0.${index}`, port: 41937 }),
    certificate(`member-${index}`, [`member-${index}`, `127.0.0.${index}`], daysLeft),
    ok('login', 11.3, { user: 'tour', plugin: 'PasswordAuthenticator', server: null }),
  ],
})

const member = (index: number, more: Partial<Live['members'][number]> = {}): Live['members'][number] => ({
  address: `127.0.0.${index}:41937`,
  dataCenter: 'datacenter1',
  rack: `rack${index}`,
  up: true,
  connections: 2,
  inFlight: index === 2 ? 1 : 0,
  requests: 40 + index,
  failed: 0,
  p50Ms: 1.9 + index / 10,
  p99Ms: 8.4 + index,
  lastUsedAt: at(2),
  ...more,
})

/** Seconds of the last minute: two to fourteen milliseconds, the same each time. */
const minute = (more: (secondsAgo: number) => Partial<Live['lastMinute'][number]> = () => ({})) =>
  Array.from({ length: 60 }, (_, index) => 59 - index)
    .filter((secondsAgo) => (secondsAgo * 7) % 11 !== 3)
    .map((secondsAgo) => ({
      at: at(secondsAgo),
      count: 2 + ((secondsAgo * 5) % 4),
      failed: 0,
      p50Ms: 1.6 + ((secondsAgo * 13) % 10) / 10,
      p99Ms: 3 + ((secondsAgo * 29) % 110) / 10,
      ...more(secondsAgo),
    }))

const read = 'SELECT id, word, definition FROM grand_tour.words WHERE token(id) > token(?) LIMIT ?'
// As the page writes: with a key, so with the oldest timestamp.
const write = 'INSERT INTO grand_tour.words (id, word, definition) VALUES (?, ?, ?) USING TIMESTAMP 1'

/** Three members, all is well. */
export const threeMembers: ConnectionReport & { live: Live } = {
  stop: 'example-scylla',
  title: 'ScyllaDB',
  at: at(0),
  state: 'ok',
  reason: null,
  database: { name: 'ScyllaDB', version: '2025.4.1', tls: 'TLSv1.3', verified: true },
  servers: [server(1), server(2), server(3)],
  steps: [
    ok('schema', 38, {
      database: 'grand_tour',
      table: 'words',
      created: false,
      replication: { class: 'NetworkTopologyStrategy', datacenter1: '3' },
      charset: null,
      differences: [],
    }),
    ok('read and write', 2.4, { rowsRead: 12, rowsWritten: null, consistency: 'LOCAL_QUORUM' }),
  ],
  live: {
    members: [member(1), member(2), member(3)],
    pool: null,
    inFlight: 1,
    lastMinute: minute(),
    statements: [
      {
        kind: 'read',
        text: read,
        member: '127.0.0.1:41937',
        ms: 2.31,
        at: at(8),
        source: { file: 'apps/example-scylla/src/words.ts', line: 8, url: null },
      },
      {
        kind: 'write',
        text: write,
        member: '127.0.0.2:41937',
        ms: 1.84,
        at: at(2),
        source: {
          file: 'apps/example-scylla/src/words.ts',
          line: 9,
          url: 'https://example.com/apps/example-scylla/src/words.ts#L9',
        },
      },
    ],
    events: [{ at: at(3600), what: 'connected', member: null, reason: null }],
    nextAttemptMs: null,
  },
  hidden: false,
}

const withLive = (report: ConnectionReport & { live: Live }, live: Partial<Live>) => ({
  ...report,
  live: { ...report.live, ...live },
})

/** One of three members is gone, and nobody notices. */
export const oneDown: ConnectionReport = withLive(threeMembers, {
  members: [member(1), member(2), member(3, { up: false, connections: 0, p50Ms: 2.2, failed: 3 })],
  lastMinute: minute((secondsAgo) => (secondsAgo === 20 ? { failed: 3, p99Ms: 240 } : {})),
  events: [
    ...threeMembers.live.events,
    {
      at: at(20),
      what: 'member down',
      member: '127.0.0.3:41937',
      reason:
        'COMPOSE_SCYLLA_URL: nothing listens on 127.0.0.3:41937 (ECONNREFUSED). Start the server, or correct the port.',
    },
  ],
})

const tooFew = {
  origin: 'the cluster',
  problem: 'the consistency level LOCAL_QUORUM needs 2 replicas; alive: 1',
  remedy: 'Start the members that are down.',
}

/** Two of three members are gone: too few for a quorum. */
export const twoDown: ConnectionReport = {
  ...withLive(threeMembers, {
    members: [member(1), member(2, { up: false, connections: 0 }), member(3, { up: false, connections: 0 })],
    lastMinute: minute((secondsAgo) =>
      secondsAgo < 12 ? { failed: 5, count: 0, p50Ms: null, p99Ms: null } : {},
    ),
    events: [
      ...threeMembers.live.events,
      { at: at(20), what: 'member down', member: '127.0.0.3:41937', reason: null },
      { at: at(13), what: 'member down', member: '127.0.0.2:41937', reason: null },
      {
        at: at(12),
        what: 'lost',
        member: null,
        reason: `${tooFew.origin}: ${tooFew.problem}. ${tooFew.remedy}`,
      },
    ],
    nextAttemptMs: 640,
  }),
  state: 'failed',
  reason: `${tooFew.origin}: ${tooFew.problem}. ${tooFew.remedy}`,
  steps: [
    ...threeMembers.steps.slice(0, 1),
    { step: 'read and write', state: 'failed', ms: 3.1, found: null, faults: [tooFew] },
  ],
}

/** One server behind a pool. */
export const pooled: ConnectionReport & { live: Live } = {
  ...threeMembers,
  stop: 'example-mysql',
  title: 'MySQL',
  database: { name: 'MySQL', version: '9.7.4', tls: 'TLSv1.3', verified: true },
  servers: [
    {
      server: '127.0.0.1:33061',
      steps: [
        ok('name', 0.1, { addresses: ['127.0.0.1'] }),
        ok('port', 0.3, { address: '127.0.0.1', port: 33061 }),
        certificate('mysql', ['localhost', '127.0.0.1']),
        ok('login', 14.2, { user: 'tour', plugin: 'caching_sha2_password', server: null }),
      ],
    },
  ],
  steps: [
    ok('schema', 9.1, {
      database: 'grand_tour',
      table: 'words',
      created: false,
      replication: null,
      charset: 'utf8mb4',
      differences: [],
    }),
    ok('read and write', 1.2, { rowsRead: 1, rowsWritten: null, consistency: null }),
  ],
  live: {
    ...threeMembers.live,
    members: [
      member(1, { address: '127.0.0.1:33061', dataCenter: null, rack: null, connections: 7, inFlight: 3 }),
    ],
    pool: { limit: 10, inUse: 3, idle: 4, waiting: 0, queueLimit: 100 },
    inFlight: 3,
    statements: [
      {
        kind: 'read',
        text: 'SELECT id, word, definition FROM words WHERE id > CAST(? AS UNSIGNED) ORDER BY id LIMIT ?',
        member: '127.0.0.1:33061',
        ms: 0.92,
        at: at(4),
      },
      {
        kind: 'write',
        text: 'INSERT INTO words (word, definition) VALUES (?, ?)',
        member: '127.0.0.1:33061',
        ms: 1.31,
        at: at(95),
      },
    ],
  },
}

/** Every connection of the pool is busy, and requests wait. */
export const poolFull: ConnectionReport = withLive(pooled, {
  pool: { limit: 10, inUse: 10, idle: 0, waiting: 23, queueLimit: 100 },
})

/** The stop without a database. */
export const withoutDatabase: ConnectionReport = {
  stop: 'example',
  title: 'No database',
  at: at(0),
  state: 'ok',
  reason: null,
  database: null,
  servers: [],
  steps: [],
  live: null,
  hidden: false,
}

const refused = {
  origin: 'COMPOSE_MYSQL_URL',
  problem: 'nothing listens on 127.0.0.1:33061 (ECONNREFUSED)',
  remedy: 'Start the server, or correct the port.',
}

/** The database does not answer: the second step failed. */
export const waiting: ConnectionReport = {
  ...withLive(pooled, {
    members: [
      member(1, {
        address: '127.0.0.1:33061',
        dataCenter: null,
        rack: null,
        up: false,
        connections: 0,
        inFlight: 0,
      }),
    ],
    pool: { limit: 10, inUse: 0, idle: 0, waiting: 0, queueLimit: 100 },
    lastMinute: minute((secondsAgo) =>
      secondsAgo < 9 ? { failed: 1, count: 0, p50Ms: null, p99Ms: null } : {},
    ),
    events: [
      ...pooled.live.events,
      {
        at: at(9),
        what: 'lost',
        member: null,
        reason: `${refused.origin}: ${refused.problem}. ${refused.remedy}`,
      },
    ],
    inFlight: 0,
    nextAttemptMs: 400,
  }),
  state: 'failed',
  reason: `${refused.origin}: ${refused.problem}. ${refused.remedy}`,
  servers: [
    {
      server: '127.0.0.1:33061',
      steps: [
        ok('name', 0.1, { addresses: ['127.0.0.1'] }),
        { step: 'port', state: 'failed', ms: 0.4, found: null, faults: [refused] },
        skipped('certificate'),
        skipped('login'),
      ],
    },
  ],
  steps: [skipped('schema'), skipped('read and write')],
}

/** Nothing is known yet: the stop has just started. */
export const starting: ConnectionReport = {
  ...pooled,
  state: 'waiting',
  reason: 'connecting to the database',
  database: null,
  servers: [
    {
      server: '127.0.0.1:33061',
      steps: (['name', 'port', 'certificate', 'login'] as const).map(
        (step) => ({ step, state: 'waiting', ms: null, found: null, faults: [] }) as Step,
      ),
    },
  ],
  steps: (['schema', 'read and write'] as const).map(
    (step) => ({ step, state: 'waiting', ms: null, found: null, faults: [] }) as Step,
  ),
  live: {
    members: [],
    pool: null,
    inFlight: 0,
    lastMinute: [],
    statements: [],
    events: [],
    nextAttemptMs: 100,
  },
}

/** Encrypted, and nobody looked at who answers. */
export const unverified: ConnectionReport = {
  ...pooled,
  state: 'warning',
  database: { name: 'MySQL', version: '9.7.4', tls: 'TLSv1.3', verified: false },
  servers: pooled.servers.map(({ server, steps }) => ({
    server,
    steps: steps.map((step) =>
      step.step === 'certificate'
        ? {
            ...step,
            state: 'warning',
            found: step.found && { ...step.found, verified: false },
            faults: [
              {
                origin: 'COMPOSE_MYSQL_URL',
                problem: 'ssl-mode=REQUIRED encrypts, but verifies nobody',
                remedy: 'Leave it out to verify the server.',
              },
            ],
          }
        : step,
    ),
  })),
}

/** A certificate that ends in twelve days, on each of three members. */
export const expiringSoon: ConnectionReport = {
  ...threeMembers,
  state: 'warning',
  servers: [1, 2, 3].map((index) => {
    const { server: name, steps } = server(index, 12)
    return {
      server: name,
      steps: steps.map((step) =>
        step.step === 'certificate'
          ? {
              ...step,
              state: 'warning',
              faults: [
                {
                  origin: 'COMPOSE_SCYLLA_URL',
                  problem: `the certificate of member-${index} ends in 12 days`,
                  remedy: 'Renew it on the server.',
                },
              ],
            }
          : step,
      ),
    }
  }),
}

const expired = {
  origin: 'COMPOSE_MYSQL_URL',
  problem: 'the certificate of 127.0.0.1:33061 has expired',
  remedy: 'Renew it on the server.',
}

const refusedCertificate = certificate('mysql', ['localhost', '127.0.0.1'], -2, false)

/** The certificate has expired, and is refused. */
export const expiredCertificate: ConnectionReport = {
  ...waiting,
  reason: `${expired.origin}: ${expired.problem}. ${expired.remedy}`,
  servers: [
    {
      server: '127.0.0.1:33061',
      steps: [
        ok('name', 0.1, { addresses: ['127.0.0.1'] }),
        ok('port', 0.3, { address: '127.0.0.1', port: 33061 }),
        // Refused, and shown all the same: a stop keeps the certificate that it refused.
        { ...refusedCertificate, state: 'failed', faults: [expired] },
        skipped('login'),
      ],
    },
  ],
}

/** What somebody on another machine is told. */
export const hidden: ConnectionReport = {
  ...withLive(threeMembers, {
    members: [1, 2, 3].map((index) => member(index, { address: `member ${index}` })),
    statements: threeMembers.live.statements.map((statement, index) => ({
      kind: statement.kind,
      text: statement.text,
      ms: statement.ms,
      at: statement.at,
      member: `member ${index + 1}`,
    })),
  }),
  servers: [1, 2, 3].map((index) => ({
    server: `server ${index}`,
    steps: server(index).steps.map((step) => {
      if (step.step === 'certificate' && step.found)
        return { ...step, found: { ...step.found, subject: null, issuer: null, names: [] } }
      if (step.step === 'login' && step.found) return { ...step, found: { ...step.found, user: null } }
      return { ...step, found: null } as Step
    }),
  })),
  hidden: true,
}
