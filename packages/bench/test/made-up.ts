import type { Result } from '../src/results.ts'

/** A row of load with the figures that matter; nobody measured it. */
export const loadRow = (
  work: string,
  server: string,
  { us = 100, perSecond = 1000, run = 'now', database = 'mysql', failed = 0, busy = 1, isWarm = true } = {},
): Extract<Result, { kind: 'load' }> => ({
  kind: 'load',
  run,
  database,
  work,
  title: work,
  server,
  failed,
  fault: null,
  cpuUs: { least: us, median: 2 * us },
  perSecond: { most: 2 * perSecond, median: perSecond },
  busy,
  latencies: null,
  isWarm,
  statementsPerRequest: null,
  idleRss: 80,
  peakRss: 100,
  listeningMs: 300,
})

/** A row of the whole list. */
export const listRow = (
  server: 'floor' | 'ours',
  figures: Partial<Extract<Result, { kind: 'list' }>> = {},
): Extract<Result, { kind: 'list' }> => ({
  kind: 'list',
  run: 'now',
  database: 'mysql',
  work: 'million',
  server,
  rows: 1_000_000,
  clients: 1,
  bytesPerSecond: null,
  transfers: 3,
  failed: 0,
  fault: null,
  megabytes: 102,
  firstByteMs: 10,
  totalMs: 1000,
  cpuMs: 900,
  idleRss: 90,
  peakRss: 120,
  ...figures,
})
