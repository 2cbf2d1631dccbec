import { givenDatabase } from './given.ts'
import { leaseFromOwner } from './owner-client.ts'
import { type Kind, type LeaseOptions, type Running, settingsOf } from './settings.ts'

/** A database to use until it is released. */
export type Lease = Omit<Running, 'chosen' | 'admin'> & {
  /** URL of a user who may do anything, in the form of COMPOSE_*_URL; undefined for a given database. */
  admin: string | undefined
  /** Ends this lease; resolves when, if it was the last one, the database has ended. */
  release: () => Promise<void>
  /** `await using database = await lease(…)` releases it at the end of the block. */
  [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * A real database, with TLS and a password: the one that COMPOSE_*_URL names, untouched; else one of our own, by Docker
 * where a daemon answers, else natively. It is shared with everybody who leases the same directory, and ends with the
 * last of them, however they end. What it was told survives in the directory.
 *
 * @throws when there is no way to get one, naming the ways; when it is running with other options than these; or once
 *   `signal` is aborted, when what was started for it has ended
 */
export const lease = async (kind: Kind, options: LeaseOptions = {}): Promise<Lease> => {
  const given = options.way === undefined ? givenDatabase(kind, process.env) : undefined
  if (given !== undefined) return given
  const { chosen: _, ...granted } = await leaseFromOwner(
    settingsOf(kind, options),
    options.onProgress ?? (() => {}),
    options.signal ?? new AbortController().signal,
  )
  return { ...granted, [Symbol.asyncDispose]: granted.release }
}
