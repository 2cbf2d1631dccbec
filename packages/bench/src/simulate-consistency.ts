import { markdownTable } from './markdown-table.ts'
import { seeded } from './seeded.ts'

/** The part of its answers for which a replica takes long: a collection of garbage, a disk, a compaction. */
const slowShare = 0.03
const draws = 100_000
/** Milliseconds there and back, to each of three replicas here and in another data centre. */
const near = [0.5, 0.5, 0.5]
const far = [80, 80, 80]

type Draw = () => number

/**
 * A write goes to every replica, and the level says how many answers are awaited: the slowest need not be among them.
 * A read asks as many replicas as the level says, the nearest, and awaits all of them.
 * Source: https://cassandra.apache.org/doc/latest/cassandra/architecture/dynamo.html
 */
const levels = (replicaMs: (away: number) => number): [string, string, Draw, Draw | undefined][] => {
  const all = (asked: readonly number[]) => asked.map(replicaMs).sort((a, b) => a - b)
  const nth = (n: number, asked: readonly number[]) => all(asked)[n - 1] ?? Number.NaN
  const last = (asked: readonly number[]) => Math.max(...all(asked))
  const both = [...near, ...far]
  return [
    ['LOCAL_ONE', '3', () => nth(1, near), () => last(near.slice(0, 1))],
    ['LOCAL_QUORUM', '3', () => nth(2, near), () => last(near.slice(0, 2))],
    ['ALL', '3', () => nth(3, near), () => last(near)],
    ['LOCAL_QUORUM', '3 + 3, 80 ms away', () => nth(2, near), () => last(near.slice(0, 2))],
    ['QUORUM', '3 + 3, 80 ms away', () => nth(4, both), () => last(both.slice(0, 4))],
    ['EACH_QUORUM', '3 + 3, 80 ms away', () => Math.max(nth(2, near), nth(2, far)), undefined],
  ]
}

/** Times in milliseconds: the median, and what one in a hundred and one in a thousand takes longer than. */
export const consistencyTable = (): string => {
  const random = seeded(1)
  const replicaMs = (away: number) => away + (random() < slowShare ? 20 : 1) * (0.5 + random())
  return markdownTable(
    ['consistency level', 'copies', 'write: p50 / p99 / p99.9 ms', 'read: p50 / p99 / p99.9 ms'],
    levels(replicaMs).map(([level, copies, write, read]) => [
      level,
      copies,
      quantiles(write),
      read ? quantiles(read) : 'for writes only',
    ]),
  )
}

const quantiles = (draw: Draw): string => {
  const sorted = Array.from({ length: draws }, draw).sort((a, b) => a - b)
  return [0.5, 0.99, 0.999].map((q) => (sorted[Math.floor(q * draws)] ?? 0).toFixed(1)).join(' / ')
}
