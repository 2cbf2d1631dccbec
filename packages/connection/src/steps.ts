import type { Fault, Step, StepName } from 'contract'
import type { FaultAt } from './faults.ts'

/** What one kind of step found. */
export type Found<Name extends StepName = StepName> = NonNullable<Extract<Step, { step: Name }>['found']>

/** What a step found, and what about it is a warning. */
type Outcome<Name extends StepName> = { found?: Found<Name> | null; faults?: Fault[] }

/** The steps that each server of the URL has for itself; the others are the whole database's. */
const ofServer: readonly StepName[] = ['name', 'port', 'certificate', 'login']
const ofDatabase: readonly StepName[] = ['schema', 'read and write']

/** The steps of one attempt to connect, as they happen. */
export type Steps = ReturnType<typeof recordSteps>

/**
 * Records the six steps of one attempt: `name`, `port`, `certificate` and `login` for each server, `schema` and
 * `read and write` for the database (server: null).
 *
 * @param servers host:port of each, as the URL names them
 * @param faultOf an error in words, with the step at which it shows
 * @param onStep told of every step that has ended or is skipped, once, in the order in which that happens
 */
export const recordSteps = (
  servers: readonly string[],
  faultOf: (error: unknown, server: string | null) => FaultAt,
  onStep: (server: string | null, step: Step) => void = () => {},
) => {
  const recorded = new Map<string, Step>()
  const startedAt = new Map<string, number>()
  const keyOf = (step: StepName, server: string | null) => JSON.stringify([step, server])
  const known = (step: StepName, server: string | null) => recorded.get(keyOf(step, server)) ?? waiting(step)
  let isOver = false
  const record = (server: string | null, step: Step) => {
    if (isOver) return
    recorded.set(keyOf(step.step, server), step)
    if (step.state !== 'waiting') onStep(server, step)
    // Without a login to any server, nothing can be asked of the database.
    const isLost = (one: string) => ['failed', 'skipped'].includes(known('login', one).state)
    if (step.step === 'login' && servers.every(isLost)) skipRest()
  }

  /** A driver goes several steps at once, so an error may belong to a later one than the one that was begun. */
  const fail = (
    begun: StepName,
    server: string | null,
    error: unknown,
    ms = sinceMs(startedAt.get(keyOf(begun, server))),
  ) => {
    const { step = begun, ...fault } = faultOf(error, server)
    const group = server === null ? ofDatabase : ofServer
    const from = group.indexOf(begun)
    const at = server === null ? from : Math.max(from, group.indexOf(step))
    for (const name of group.slice(from, at)) {
      if (known(name, server).state === 'waiting') record(server, ended(name, 'ok', null, [], null))
    }
    const { certificate = null } = (error ?? {}) as { certificate?: Found<'certificate'> }
    const isSeen = group[at] === 'certificate' // and refused: see `keepRefused`
    record(server, ended(group[at] ?? begun, 'failed', ms, [fault], isSeen ? certificate : null))
    for (const name of group.slice(at + 1)) record(server, ended(name, 'skipped', null, [], null))
  }
  const skipRest = () => {
    for (const name of ofDatabase) {
      if (known(name, null).state === 'waiting') record(null, ended(name, 'skipped', null, [], null))
    }
  }

  return {
    /** Goes one step; `outcome` says what its result means. Throws what `go` throws, recorded as a failure. */
    run: async <Name extends StepName, Result>(
      step: Name,
      server: string | null,
      go: () => Promise<Result>,
      outcome: (result: Result) => Outcome<Name> = () => ({}),
    ): Promise<Result> => {
      const startMs = performance.now()
      startedAt.set(keyOf(step, server), startMs)
      try {
        const result = await go()
        const ms = sinceMs(startMs)
        const { found = null, faults = [] } = outcome(result)
        record(server, ended(step, faults.length > 0 ? 'warning' : 'ok', ms, faults, found))
        return result
      } catch (error) {
        // One that has been given up meanwhile has said so already.
        if (startedAt.has(keyOf(step, server))) fail(step, server, error)
        throw error
      } finally {
        startedAt.delete(keyOf(step, server))
      }
    },
    /** Records a step that something else has gone: a driver that logs in while it connects. */
    done: <Name extends StepName>(
      step: Name,
      server: string | null,
      ms: number | null,
      { found = null, faults = [] }: Outcome<Name> = {},
    ) =>
      record(
        server,
        ended(step, faults.length > 0 ? 'warning' : 'ok', ms === null ? null : rounded(ms), faults, found),
      ),
    /** Records that a step which something else has gone ended with an error. */
    failed: (step: StepName, server: string | null, ms: number | null, error: unknown) =>
      fail(step, server, error, ms === null ? null : rounded(ms)),
    /** Records that a step was not asked for, or could not be tried. */
    skip: (step: StepName, server: string | null) => record(server, ended(step, 'skipped', null, [], null)),
    /** Ends what is under way with the error, such as when the time is over. */
    abort: (error: unknown) => {
      for (const key of startedAt.keys()) {
        const [step, server] = JSON.parse(key) as [StepName, string | null]
        fail(step, server, error)
      }
      startedAt.clear()
      skipRest()
      isOver = true // what ends later, well or not, is of no interest
    },
    report: () => ({
      servers: servers.map((server) => ({ server, steps: ofServer.map((name) => known(name, server)) })),
      steps: ofDatabase.map((name) => known(name, null)),
    }),
  }
}

/** Every step's place, before it has begun. */
const waiting = (step: StepName): Step => ended(step, 'waiting', null, [], null)

const ended = (
  step: StepName,
  state: Step['state'],
  ms: number | null,
  faults: Fault[],
  found: Found | null,
): Step => ({ step, state, ms, found, faults }) as Step

const sinceMs = (startMs: number | undefined): number | null =>
  startMs === undefined ? null : rounded(performance.now() - startMs)

const rounded = (ms: number): number => Math.round(ms * 10) / 10
