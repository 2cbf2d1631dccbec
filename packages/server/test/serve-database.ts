import type { Database } from 'server'

/** A database that is always there. */
export const readyDatabase: Database = {
  status: () => ({ ready: true, server: { name: 'TestDB', version: '1', tls: 'TLSv1.3', verified: true } }),
  close: async () => {},
}
