import { type FaultProxy, faultProxy, type NetworkFault } from './fault-proxy.ts'
import type { Lease } from './lease.ts'

/** One thing that can be done to a database, and undone. */
export type Breakage = {
  id: string
  title: string
  /** Which of the database's servers, from 0; null: all of them. */
  member: number | null
  broken: boolean
}

/** What cannot be done as the database stands, or is nothing that can be done; `status` is the one of HTTP. */
export class CannotBreak extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

type Switch = {
  title: string
  member: number | null
  isBroken: () => boolean
  set: (broken: boolean) => Promise<void>
}
type State = {
  process: 'running' | 'paused' | 'killed'
  network: 'open' | 'cut' | 'slow'
  isExpired: boolean
}

const networkFaults: Record<State['network'], NetworkFault> = {
  open: { mode: 'pass' },
  cut: { mode: 'blackhole' },
  slow: { mode: 'latency', ms: 100, jitterMs: 20 },
}

/**
 * A database of our own that can be broken on purpose: the process of each server, the network to it, and the
 * certificates. Whoever is to notice reaches it by `env`: through a proxy before each server, on the server's own
 * address, so that the certificate's names hold.
 */
export const breakable = async ({ env, members, control }: Pick<Lease, 'env' | 'members' | 'control'>) => {
  const states = members.map((): State => ({ process: 'running', network: 'open', isExpired: false }))
  const proxies = await Promise.all(members.map(({ host, port }) => faultProxy({ host, port }, { host })))
  const everyMember = [...members.keys()]

  const setProcess = async (member: number, process: State['process']) => {
    const state = states[member] as State
    if (state.process === 'killed' && process === 'paused')
      throw new CannotBreak(409, 'What is killed cannot be paused: undo that first.')
    if (process === 'running') await control(member, state.process === 'killed' ? 'start' : 'resume')
    else await control(member, process === 'killed' ? 'kill' : 'pause')
    state.process = process
    await setProxy(member)
  }
  const setNetwork = async (member: number, network: State['network']) => {
    Object.assign(states[member] as State, { network })
    await setProxy(member)
  }
  /** What runs, or is paused, starts anew; what is killed has the other certificate when it starts. */
  const setCertificate = async (member: number, isExpired: boolean) => {
    const state = states[member] as State
    await proxies[member]?.set({ mode: 'down' })
    // Before: it has the other certificate also where it then does not start, and is to get its own back.
    state.isExpired = isExpired
    try {
      await control(member, isExpired ? 'expire' : 'renew')
      if (state.process === 'paused') state.process = 'running'
    } catch (error) {
      state.process = 'killed' // it did not start again: undoing that, and restoring, start it
      throw error
    } finally {
      await setProxy(member)
    }
  }
  /** Where nothing runs, nothing listens: the proxy would take connections for it. */
  const setProxy = async (member: number) => {
    const { process, network } = states[member] as State
    await proxies[member]?.set(process === 'killed' ? { mode: 'down' } : networkFaults[network])
  }

  const switches = new Map<string, Switch>()
  for (const [member, state] of states.entries()) {
    const name = members.length === 1 ? 'the server' : `member ${member + 1}`
    const add = (kind: string, title: string, isBroken: () => boolean, set: Switch['set']) =>
      switches.set(`${kind}:${member}`, { title: `${title} ${name}`, member, isBroken, set })
    const process = (broken: 'paused' | 'killed') => (isToBreak: boolean) =>
      setProcess(member, isToBreak ? broken : 'running')
    const network = (broken: 'cut' | 'slow') => (isToBreak: boolean) =>
      setNetwork(member, isToBreak ? broken : 'open')
    add('pause', 'Pause', () => state.process === 'paused', process('paused'))
    add('kill', 'Kill', () => state.process === 'killed', process('killed'))
    add('cut', 'Cut the network to', () => state.network === 'cut', network('cut'))
    add('slow', 'Slow the network to', () => state.network === 'slow', network('slow'))
  }
  switches.set('expired-certificate', {
    title: members.length === 1 ? 'Let the certificate expire' : 'Let the certificates expire',
    member: null,
    isBroken: () => states.some(({ isExpired }) => isExpired),
    set: async (isToBreak) => {
      await Promise.all(everyMember.map((member) => setCertificate(member, isToBreak)))
    },
  })

  /** What concerns a member waits for what is under way for it. */
  const turns: Promise<unknown>[] = members.map(() => Promise.resolve())
  const inTurn = (concerned: readonly number[], work: () => Promise<void>): Promise<void> => {
    const turn = Promise.allSettled(concerned.map((member) => turns[member])).then(work)
    for (const member of concerned) turns[member] = turn
    return turn
  }
  const restoreMember = async (member: number) => {
    const state = states[member] as State
    state.network = 'open'
    if (state.isExpired) await setCertificate(member, false)
    if (state.process !== 'running') await setProcess(member, 'running')
    await setProxy(member)
  }

  return {
    env: envThrough(proxies, env),
    list: (): Breakage[] =>
      [...switches].map(([id, { title, member, isBroken }]) => ({ id, title, member, broken: isBroken() })),
    /**
     * Breaks the one thing, or undoes it; resolves when it is so, also where it was already.
     * @throws CannotBreak; what the database's owner says
     */
    set: async (id: string, broken: boolean): Promise<void> => {
      const found = switches.get(id)
      if (found === undefined)
        throw new CannotBreak(404, `There is no ${id}: there are ${[...switches.keys()].join(', ')}.`)
      await inTurn(found.member === null ? everyMember : [found.member], async () => {
        if (found.isBroken() !== broken) await found.set(broken)
      })
    },
    /** Undoes everything; resolves when it is so. */
    restore: () =>
      inTurn(everyMember, async () => {
        await Promise.all(everyMember.map(restoreMember))
      }),
    /** Closes the proxies; the database stays as it is. */
    close: async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()))
    },
  }
}

export type Breakable = Awaited<ReturnType<typeof breakable>>

/** The variables of a database, with the addresses of the proxies in the place of the servers'. */
const envThrough = (proxies: readonly FaultProxy[], env: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      // At once: a proxy may have the port that another server has elsewhere.
      value.replace(/([\w.-]+|\[[\da-f:]+\]):(\d+)/gi, (address, host: string, port: string) => {
        const proxy = proxies.find(({ target }) => target.host === host && target.port === Number(port))
        return proxy === undefined ? address : `${host}:${proxy.port}`
      }),
    ]),
  )
