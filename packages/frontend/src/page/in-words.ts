import type { ConnectionReport } from 'contract'

/** Milliseconds as people read them: 0.42 ms, 3.1 ms, 120 ms, 1.2 s. */
export const inMs = (ms: number): string => {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return `${ms >= 99.5 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`
}

/** TLSv1.3, as OpenSSL writes it, as people do. */
export const tlsInWords = (protocol: string): string => protocol.replace(/^TLSv/, 'TLS ')

/**
 * How quick the database is, in milliseconds: the median of the latest second that had a statement; after a minute with
 * none, what the last step of the connection took. Null or undefined where nothing was measured.
 */
export const latestMs = ({ live, steps }: ConnectionReport): number | null | undefined =>
  live?.lastMinute.findLast(({ p50Ms }) => p50Ms !== null)?.p50Ms ?? steps.at(-1)?.ms
