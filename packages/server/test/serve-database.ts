import type { Database } from 'server'

/** A database that is always there. */
export const readyDatabase: Database = {
  status: () => ({ ready: true, server: { name: 'TestDB', version: '1', tls: 'TLSv1.3', verified: true } }),
  report: () => ({
    at: new Date().toISOString(),
    state: 'ok',
    reason: null,
    database: { name: 'TestDB', version: '1', tls: 'TLSv1.3', verified: true },
    servers: [],
    steps: [],
    live: null,
  }),
  activity: { onStatement: () => {}, connects: () => 1 },
  close: async () => {},
}
