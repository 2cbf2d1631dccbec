import { setTimeout as wait } from 'node:timers/promises'
import type { Fault, Live } from 'contract'
import { type Activity, createActivity, type MemberState } from './activity.ts'
import { type FaultAt, sentence } from './faults.ts'
import { timedOut } from './probe.ts'
import { type Report, reportOf } from './report.ts'
import { type Found, recordSteps, type Steps } from './steps.ts'
import { within } from './within.ts'

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
  /** host:port of each server, as the URL names them. */
  servers: readonly string[]
  /**
   * Goes the whole way from the name to the schema, step by step; on failure, and when the signal aborts, it closes
   * what it opened. Nobody waits for it any more then.
   */
  open: (steps: Steps, signal: AbortSignal) => Promise<T>
  /**
   * A cheap question to the database, as the requests ask it, and what about the answer is a warning; throws when it
   * cannot be answered in time.
   */
  check: (opened: T) => Promise<Found<'read and write'> & { faults?: Fault[] }>
  close: (opened: T) => Promise<unknown>
  /**
   * Whether what is open can come back by itself, as a driver's client does that still reaches a member; `error` is what
   * the last question, or the last fresh attempt, failed with. Where it cannot, a fresh connection is tried at once. True
   * unless given.
   */
  recovers?: (opened: T, error: unknown) => boolean
  /** Milliseconds between two fresh connections that are tried then; 1000 unless given. */
  tryEveryMs?: number
  /**
   * Goes name, port, certificate and login again for the servers that could not be used and for those whose member
   * has gone or come, while others serve. Nobody waits for it; it must not throw.
   */
  probe?: (opened: T, steps: Steps) => Promise<unknown>
  /**
   * The members and the pool, as the driver has them now, and why a member is down; `isReady`: whether the last
   * question was answered.
   */
  look: (
    opened: T,
    isReady: boolean,
  ) => { members: (MemberState & { reason?: string })[]; pool: Live['pool'] }
  /** An error in words, and the step at which it shows. */
  faultOf: (error: unknown, server: string | null) => FaultAt
  log: Log
}

/** Milliseconds between two questions while all is well: a lost server is noticed within one of these. */
const checkEveryMs = 500
/** Milliseconds between two looks at whether a driver has come back by itself; they cost nothing. */
const lookEveryMs = 50
/** Back-off between attempts: doubles from the first to the last, so a server that returns is found within 1 s. */
const backOffMs = { first: 100, most: 1000 }
/** Milliseconds for the whole way: a server that falls silent half-way must not end the attempts. */
const openMs = 10_000
/** Milliseconds for the smallest question, all that a driver tries for it included: one that hangs must not end the loop. */
const checkMs = 4000
/** Milliseconds for a driver to close what is open; some wait for a server that is gone. */
const closeMs = 3000
/** Milliseconds after which an opened connection that does not recover by itself is replaced by a fresh one. */
const replaceAfterMs = 3000
/** Attempts that may be under way at once: one that a dead network holds up must not hold up the next. */
const mostAttempts = 5
/** Milliseconds between two looks at servers that cannot be used while others can. */
const probeEveryMs = 5000
/** Milliseconds for a fresh connection to take over from one that fails, before the requests are told. */
const replaceInMs = 1000

/**
 * Connects in the background, notices a loss, reconnects, and says all the while how it stands.
 *
 * The service listens before its database is there (a plugin that waits for one ends in FST_ERR_PLUGIN_TIMEOUT).
 * Every attempt starts afresh, because a driver's client that failed once is not used again. A driver recovers by
 * itself from most losses; where it does not, such as after the servers' addresses changed, a fresh one takes over.
 */
export const keepConnected = <T extends { server: ServerFacts }>(options: Options<T>) => {
  const { servers, open, check, close, probe, look, log, recovers = () => true, tryEveryMs = 1000 } = options
  const stop = new AbortController()
  const activity = createActivity()
  let opened: T | undefined
  let reason: string | undefined = 'connecting to the database'
  let lastError: unknown
  /** When a request last had its answer. */
  let answeredAt = Number.NEGATIVE_INFINITY
  /** What the log has said since all was well. */
  const reasons = new Set<string>()
  let isTried = false
  let lostAt = performance.now()
  /** When a fresh connection was last tried: not more often than every `replaceAfterMs` beside one that may heal. */
  let triedAt = 0
  const attempts = new Set<AbortController>()
  /** The last of them, which may have ended. */
  let lastAttempt: Promise<unknown> | undefined
  /** When renew() last began one. */
  let renewedAt = Number.NEGATIVE_INFINITY
  let nextAttemptAt: number | undefined
  let steps = recordSteps(servers, faultOf)
  /** Those that led to what is open; `steps` may be of a later attempt, that failed. */
  let ofOpened = steps
  /** What the log has said of each server, and of each step of the whole database. */
  const told = new Map<string, string>()
  let membersDown = new Set<string>()
  let probing: Promise<void> | undefined
  let probedAt = performance.now()

  /** A fault in the explanation must not end the attempts. */
  function faultOf(error: unknown, server: string | null): FaultAt {
    try {
      return options.faultOf(error, server)
    } catch (fault) {
      const problem = `the connection failed in a way that cannot be explained (${String(fault)})`
      return { step: 'name', origin: server ?? 'the database', problem, remedy: 'See the log.' }
    }
  }

  /** Logs a reason once, however many attempts end in it, and in whatever turns. */
  const failed = (error: unknown) => {
    lastError = error
    const { step, ...fault } = faultOf(error, null)
    const now = sentence(fault)
    if (reason === undefined) {
      lostAt = performance.now()
      activity.event('lost', null, now)
    }
    if (!reasons.has(now)) {
      reasons.add(now)
      const message = opened === undefined ? 'waiting for the database' : 'database lost'
      log.warn({ step, reason: now, error: String((error as Error)?.message ?? error) }, message)
    }
    reason = now
  }
  const succeeded = (current: T, isFresh = false) => {
    // What serves needs none in its place, unless one was asked for: by renew(), while all was well.
    const isSettled = reason !== undefined || isFresh
    if (reason !== undefined) {
      const afterMs = Math.round(performance.now() - lostAt)
      log.info({ ...current.server, afterMs }, 'database connected')
      activity.event('connected', null, null)
    }
    reason = undefined
    reasons.clear()
    steps = ofOpened
    if (!isSettled) return
    for (const attempt of attempts) attempt.abort()
    attempts.clear()
  }

  /**
   * One line for each server that cannot be used while others can and for each warning, one when it changes, and one
   * when all is well again; one for all servers of which the same is to be said. What keeps the whole connection from
   * coming about is told as its reason.
   */
  const tell = () => {
    const { servers: each, steps: ofDatabase } = steps.report()
    const changed = [
      ...each.map(({ server, steps: ofServer }) => ({ of: server, steps: ofServer })),
      ...ofDatabase.map((step) => ({ of: step.step, steps: [step] })),
    ].flatMap(({ of, steps: group }) => {
      const now = group.flatMap((step) => step.faults.map(sentence)).join(' ')
      const isFailed = group.some(({ state }) => state === 'failed')
      const isUnknown = reason !== undefined && (isFailed || now === '')
      if (isUnknown || now === (told.get(of) ?? '')) return []
      told.set(of, now)
      return { of, now, message: now === '' ? 'well again' : isFailed ? 'server unusable' : 'warning' }
    })
    for (const [now, same] of Map.groupBy(changed, ({ now }) => now)) {
      const of = same.map(({ of }) => of).join(', ')
      if (now === '') log.info({ of }, 'well again')
      else log.warn({ of, reason: now }, same[0]?.message ?? 'warning')
    }
  }

  /** Looks at the members, and notes which have gone or come since the last look. */
  const lookAgain = (current: T) => {
    const { members, pool } = look(current, reason === undefined)
    if (members.length < 2) return { members, pool } // one alone is lost with the connection, which is told already
    const down = new Set(members.filter(({ up }) => !up).map(({ address }) => address))
    for (const { address, reason = null } of members) {
      if (down.has(address) === membersDown.has(address)) continue
      activity.event(
        down.has(address) ? 'member down' : 'member up',
        address,
        down.has(address) ? reason : null,
      )
      probedAt = Number.NEGATIVE_INFINITY // the probe finds out more, and what it finds is told
    }
    membersDown = down
    return { members, pool }
  }

  /** Looks again at what could not be used, beside the loop: a dead network may hold it up for seconds. */
  const probeAgain = (current: T) => {
    if (probe === undefined || probing !== undefined || performance.now() - probedAt < probeEveryMs) return
    probedAt = performance.now()
    const probed = steps
    probing = probe(current, probed)
      .catch((error) => log.warn({ error: String(error) }, 'a probe failed'))
      .then(() => {
        probing = undefined
        if (probed === steps && !stop.signal.aborted) tell()
      })
  }

  // An answer to a request proves as much as one to our own question, and comes sooner.
  activity.onStatement(({ failed }) => {
    if (failed) return
    answeredAt = performance.now()
    if (opened !== undefined && reason !== undefined) succeeded(opened)
  })

  /** Opens within the time, and closes what comes too late. */
  const openInTime = async (attempt: Steps, giveUp: AbortController): Promise<T> => {
    const signal = AbortSignal.any([stop.signal, giveUp.signal])
    const timer = setTimeout(() => giveUp.abort(), openMs)
    const aborted = Promise.withResolvers<never>()
    aborted.promise.catch(() => {})
    const abort = () => {
      const error = timedOut('connection', openMs)
      attempt.abort(error)
      aborted.reject(error)
    }
    signal.addEventListener('abort', abort)
    const opening = open(attempt, signal)
    try {
      return await Promise.race([opening, aborted.promise])
    } catch (error) {
      opening.then(closeInTime, () => {})
      throw error
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  const closeInTime = async (old: T) => {
    const late = new AbortController()
    const closing = Promise.resolve(close(old)).catch(() => {})
    await Promise.race([closing, wait(closeMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
  }

  const readAndWrite = (current: T, attempt: Steps) =>
    attempt.run(
      'read and write',
      null,
      () => within(checkMs, check(current), () => timedOut('answer', checkMs)),
      ({ faults = [], ...found }) => ({ found, faults }),
    )

  /** One attempt at a fresh connection that takes over; gives what it failed with. */
  const tryFresh = async (): Promise<{ error: unknown; steps: Steps } | undefined> => {
    triedAt = performance.now()
    const attempt = recordSteps(servers, faultOf)
    // The first attempt is shown as it goes; later ones when they have ended, or the report would flicker.
    if (!isTried) steps = attempt
    const giveUp = new AbortController()
    attempts.add(giveUp)
    try {
      const fresh = await openInTime(attempt, giveUp)
      try {
        await readAndWrite(fresh, attempt)
        giveUp.signal.throwIfAborted() // another one was quicker
        stop.signal.throwIfAborted() // nobody would close it
      } catch (error) {
        void closeInTime(fresh)
        throw error
      }
      const old = opened
      opened = fresh
      ofOpened = attempt
      attempts.delete(giveUp)
      succeeded(fresh, true)
      tell()
      // Not awaited: a driver may take long to give up what it can no longer reach.
      if (old !== undefined) void closeInTime(old)
      return undefined
    } catch (error) {
      const failure = { error, steps: attempt }
      if (reason !== undefined && attempts.has(giveUp)) lost(failure)
      return failure
    } finally {
      attempts.delete(giveUp)
      isTried = true
    }
  }

  /** Begins one, for which renew() can wait. */
  const openFresh = () => {
    const attempt = tryFresh()
    lastAttempt = attempt
    return attempt
  }

  const lost = (failure: { error: unknown; steps: Steps }) => {
    if (stop.signal.aborted) return
    steps = failure.steps
    failed(failure.error)
    tell()
  }

  const checkAgain = async (current: T) => {
    try {
      await readAndWrite(current, ofOpened)
      if (current !== opened) return
      succeeded(current)
      tell()
    } catch (error) {
      // Another one has taken over, or the reason is known from the attempts to replace this one.
      if (current !== opened || stop.signal.aborted) return
      if (reason !== undefined) return failed(error)
      // One failure may be the request's or the connection's, two are the server's; unless a request has had its answer
      // meanwhile: what this question waited for in a fault may have ended with it.
      const againAt = performance.now()
      const again = recovers(current, error)
        ? await readAndWrite(current, ofOpened).then(
            () => undefined,
            (error) => ({ error, steps: ofOpened }),
          )
        : await Promise.race([openFresh(), wait(replaceInMs, { error, steps: ofOpened })])
      const isLost = again !== undefined && answeredAt < againAt
      if (isLost && current === opened && reason === undefined) lost(again)
    }
  }

  /** Whether a fresh connection is to be tried now. */
  const isDue = (): boolean => {
    if (reason === undefined || attempts.size >= mostAttempts) return false
    if (opened === undefined) return attempts.size === 0
    return recovers(opened, lastError)
      ? performance.now() - Math.max(lostAt, triedAt) > replaceAfterMs
      : performance.now() - triedAt > tryEveryMs
  }

  /** Ends early when what is open has come back by itself, so that it is asked at once. */
  const pause = async (ms: number) => {
    const isLost = () => reason !== undefined && opened !== undefined && !recovers(opened, lastError)
    const stepMs = isLost() ? lookEveryMs : ms
    for (let leftMs = ms; leftMs > 0 && !stop.signal.aborted; leftMs -= stepMs) {
      await wait(Math.min(leftMs, stepMs), undefined, { signal: stop.signal }).catch(() => {})
      if (stepMs < ms && !isLost()) return
    }
  }

  const loop = async () => {
    for (let delayMs = backOffMs.first; !stop.signal.aborted; ) {
      if (opened !== undefined && (reason === undefined || recovers(opened, lastError)))
        await checkAgain(opened)
      if (stop.signal.aborted) return // closed during the check: open nothing that nobody would wait for
      if (isDue()) {
        const attempt = openFresh()
        if (opened === undefined) await attempt
      }
      // Polled, because of several members that come up at once a driver may tell of one alone.
      if (opened !== undefined) lookAgain(opened)
      if (opened !== undefined && reason === undefined) probeAgain(opened)

      if (reason === undefined) delayMs = backOffMs.first
      const pauseMs = reason === undefined ? checkEveryMs : delayMs
      nextAttemptAt = reason === undefined ? undefined : performance.now() + pauseMs
      await pause(pauseMs)
      const most = opened === undefined ? backOffMs.most : checkEveryMs
      if (reason !== undefined) delayMs = Math.min(delayMs * 2, most)
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
    /**
     * Has a fresh connection take over from one that still serves, such as when its server has become read-only and the
     * name may lead to another by now; resolves when it has, or cannot. An attempt that began within the last second, for
     * whatever reason, is waited for; one that takes longer gets another one beside it.
     */
    renew: async (): Promise<void> => {
      if (stop.signal.aborted) return
      const lastAt = attempts.size === 0 ? renewedAt : triedAt
      if (performance.now() - lastAt > replaceInMs && attempts.size < mostAttempts) {
        renewedAt = performance.now()
        void openFresh()
      }
      await lastAttempt
    },
    /** The steps of the last attempt, and what changes with time. */
    report: (): Report => {
      const { members, pool } = opened === undefined ? { members: [], pool: null } : lookAgain(opened)
      const nextAttemptMs =
        nextAttemptAt === undefined ? null : Math.max(0, Math.round(nextAttemptAt - performance.now()))
      const states = members.map(({ reason: _, ...state }) => state)
      const live = { ...activity.live(states), pool, nextAttemptMs }
      return reportOf({ steps: steps.report(), reason, isTried, database: opened?.server ?? null, live })
    },
    /** Where the stop's statements are recorded. */
    activity: activity as Activity,
    /** Ends the attempts and closes what is open. */
    close: async (): Promise<void> => {
      stop.abort()
      await running
      if (opened !== undefined) await closeInTime(opened)
    },
  }
}
