import { setTimeout as wait } from 'node:timers/promises'

/** What a server says of itself, and how the connection to it is protected. */
export type ServerFacts = {
  name: string
  version: string
  /** The TLS protocol, such as `TLSv1.3`; null when the connection is not encrypted. */
  tls: string | null
  /** Whether the server's certificate and name were verified. */
  verified: boolean
}

/** Whether the database can serve now; if not, what is being waited for and what to do. */
export type ConnectionStatus =
  | { ready: true; server: ServerFacts }
  | { ready: false; reason: string; server: ServerFacts | null }

type Log = Record<'info' | 'warn', (fields: object, message: string) => void>

type Options<T extends { server: ServerFacts }> = {
  /**
   * Goes the whole way from the name to the schema; on failure, and when the signal aborts, it closes what it opened.
   * Nobody waits for it any more then.
   */
  open: (signal: AbortSignal) => Promise<T>
  /** A cheap question to the database; throws when it cannot be answered in time. */
  check: (opened: T) => Promise<unknown>
  close: (opened: T) => Promise<unknown>
  /** An error in words: where it comes from, what it is, what to do. */
  explain: (error: unknown) => string
  log: Log
}

/** Milliseconds between two questions while all is well: a lost server is noticed within one of these. */
const checkEveryMs = 500
/** Back-off between attempts: doubles from the first to the last, so a server that returns is found within 1 s. */
const backOffMs = { first: 100, most: 1000 }
/** Milliseconds for the whole way: a server that falls silent half-way must not end the attempts. */
const openMs = 10_000
/** Milliseconds for a driver to close what is open; some wait for a server that is gone. */
const closeMs = 3000
/** Milliseconds after which an opened connection that does not recover by itself is replaced by a fresh one. */
const replaceAfterMs = 3000

/**
 * Connects in the background, notices a loss, reconnects, and says all the while how it stands.
 *
 * The service listens before its database is there (a plugin that waits for one ends in FST_ERR_PLUGIN_TIMEOUT).
 * Every attempt starts afresh, because a driver's client that failed once is not used again. A driver recovers by
 * itself from most losses; where it does not, such as after the servers' addresses changed, a fresh one takes over.
 */
export const keepConnected = <T extends { server: ServerFacts }>(options: Options<T>) => {
  const { open, check, close, explain, log } = options
  const stop = new AbortController()
  let opened: T | undefined
  let reason: string | undefined = 'connecting to the database'
  let lostAt = performance.now()
  /** When a fresh connection was last tried: not more often than every `replaceAfterMs` beside one that may heal. */
  let triedAt = 0

  /** A fault in the explanation must not end the attempts. */
  const inWords = (error: unknown): string => {
    try {
      return explain(error)
    } catch (fault) {
      return `the connection failed in a way that cannot be explained (${String(fault)})`
    }
  }

  /** Logs a reason once, however many attempts end in it. */
  const failed = (error: unknown) => {
    const now = inWords(error)
    if (reason === undefined) lostAt = performance.now()
    if (now !== reason) {
      const message = opened === undefined ? 'waiting for the database' : 'database lost'
      log.warn({ reason: now, error: String((error as Error)?.message ?? error) }, message)
    }
    reason = now
  }
  const succeeded = (current: T) => {
    if (reason !== undefined) {
      const afterMs = Math.round(performance.now() - lostAt)
      log.info({ ...current.server, afterMs }, 'database connected')
    }
    reason = undefined
  }

  /** Opens within the time, and closes what comes too late. */
  const openInTime = async (): Promise<T> => {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(openMs)])
    const aborted = Promise.withResolvers<never>()
    aborted.promise.catch(() => {})
    const abort = () =>
      aborted.reject(Object.assign(new Error(`no connection within ${openMs} ms`), { code: 'ETIMEDOUT' }))
    signal.addEventListener('abort', abort)
    const opening = open(signal)
    try {
      return await Promise.race([opening, aborted.promise])
    } catch (error) {
      opening.then(closeInTime, () => {})
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  const closeInTime = async (old: T) => {
    const late = new AbortController()
    const closing = Promise.resolve(close(old)).catch(() => {})
    await Promise.race([closing, wait(closeMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
  }

  const openFresh = async () => {
    triedAt = performance.now()
    try {
      const fresh = await openInTime()
      try {
        await check(fresh)
      } catch (error) {
        void closeInTime(fresh)
        throw error
      }
      const old = opened
      opened = fresh
      succeeded(fresh)
      // Not awaited: a driver may take long to give up what it can no longer reach.
      if (old !== undefined) void closeInTime(old)
    } catch (error) {
      if (!stop.signal.aborted) failed(error)
    }
  }

  const checkAgain = async (current: T) => {
    try {
      await check(current)
      succeeded(current)
    } catch (error) {
      // One failure may be the request's, two are the connection's.
      if (reason !== undefined) return failed(error)
      try {
        await check(current)
      } catch (again) {
        failed(again)
      }
    }
  }

  const loop = async () => {
    for (let delayMs = backOffMs.first; !stop.signal.aborted; ) {
      if (opened !== undefined) await checkAgain(opened)
      if (stop.signal.aborted) return // closed during the check: open nothing that nobody would wait for
      const lostForMs = reason === undefined ? 0 : performance.now() - Math.max(lostAt, triedAt)
      if (opened === undefined || lostForMs > replaceAfterMs) await openFresh()

      if (reason === undefined) delayMs = backOffMs.first
      const pauseMs = reason === undefined ? checkEveryMs : delayMs
      await wait(pauseMs, undefined, { signal: stop.signal }).catch(() => {})
      if (reason !== undefined) delayMs = Math.min(delayMs * 2, backOffMs.most)
    }
  }
  const running = loop()

  return {
    /** What `open` gave. Throws until it has succeeded once: ask `status` first. */
    current: (): T => {
      if (opened === undefined) throw new Error(reason)
      return opened
    },
    status: (): ConnectionStatus =>
      opened !== undefined && reason === undefined
        ? { ready: true, server: opened.server }
        : { ready: false, reason: reason ?? '', server: opened?.server ?? null },
    /** Ends the attempts and closes what is open. */
    close: async (): Promise<void> => {
      stop.abort()
      await running
      if (opened !== undefined) await closeInTime(opened)
    },
  }
}
