import { begin, type Conditions, type Source, type Taken, take, type Way } from './list-source.ts'
import { median } from './median.ts'
import type { Database } from './programs.ts'

/** The whole list of a large table from one server, in one way. Times are medians over the transfers. */
export type ListResult = {
  kind: 'list'
  server: string
  rows: number
  /** Readers at a time, and what each reads a second at first; null: as fast as it comes. */
  clients: number
  bytesPerSecond: number | null
  transfers: number
  /** Transfers that were not the whole list, to the byte. */
  failed: number
  fault: string | null
  megabytes: number | null
  firstByteMs: number | null
  totalMs: number | null
  cpuMs: number | null
  /** Megabytes: before the first transfer of all, and at most in these. */
  idleRss: number | null
  peakRss: number | null
}

/**
 * The whole list, as fast as it comes, from a floor that streams and from the stop in turns; then from the stop to one
 * client, and to ten, that read a megabyte a second for some seconds.
 */
export const measureList = async (
  database: Database,
  { listRounds, ...conditions }: Conditions & { listRounds: number },
): Promise<ListResult[]> => {
  const floor: Way = { server: 'floor', path: '/words/streamed', clients: 1, bytesPerSecond: null }
  const ours: Way = { ...floor, server: 'ours', path: '/words' }
  const slow: Way[] = [1, 10].map((clients) => ({ ...ours, clients, bytesPerSecond: 1e6 }))
  const ways = [floor, ours, ...slow]
  const sources: Source[] = []
  try {
    for (const { server } of [floor, ours]) sources.push(await begin(server, database, conditions))
    const turns = [...Array.from({ length: listRounds }, () => [floor, ours]).flat(), ...slow]
    const measured = new Map(ways.map((way): [Way, Taken[]] => [way, []]))
    for (const way of turns) {
      const source = sources.find(({ name }) => name === way.server)
      if (source) measured.get(way)?.push(await take(source, way, conditions))
    }
    return ways.map((way) => {
      const idleRss = sources.find(({ name }) => name === way.server)?.idleRss
      return listResultOf(way, conditions.rows, idleRss, measured.get(way) ?? [])
    })
  } finally {
    await Promise.all(sources.map(({ server }) => server?.stop()))
  }
}

const listResultOf = (
  { server, clients, bytesPerSecond }: Way,
  rows: number,
  idleRss: number | undefined,
  taken: readonly Taken[],
): ListResult => {
  const transfers = taken.flatMap((one) => one.transfers)
  const faults = taken.flatMap((one) => one.faults)
  const middle = (values: readonly (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? null : median(known)
  }
  const peaks = taken.flatMap(({ peakRss }) => peakRss ?? [])
  return {
    kind: 'list',
    server,
    rows,
    clients,
    bytesPerSecond,
    transfers: transfers.length,
    failed: faults.length,
    fault: faults[0] ?? null,
    megabytes: middle(transfers.map(({ bytes }) => bytes / 1e6)),
    firstByteMs: middle(transfers.map(({ firstByteMs }) => firstByteMs)),
    totalMs: middle(transfers.map(({ totalMs }) => totalMs)),
    cpuMs: middle(taken.map(({ cpuMs }) => cpuMs)),
    idleRss: idleRss ?? null,
    peakRss: peaks.length === 0 ? null : Math.max(...peaks),
  }
}
