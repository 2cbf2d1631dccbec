import { ofKind, type Result, wrongIn } from './results.ts'

/** What a rule finds in the results of one database; undefined where it was not measured. */
export type Figure = number | 'failed' | undefined
/** Neither of the two limits: a figure to be known, and no target. */
export type Wanted = { least?: number; most?: number; unit?: string }

/** Something to be reached, on each of some databases. */
export type Rule = {
  what: string
  databases: readonly string[]
  wanted: Wanted
  figure: (results: readonly Result[]) => Figure
  /** What is to be known about the figure. */
  remark?: Remark
}

type Remark = (results: readonly Result[]) => string | undefined

/** A row of load that a rule needs, by its work and its server. */
type Row = readonly [work: string, server: string]
type Load = Extract<Result, { kind: 'load' }>
type List = Extract<Result, { kind: 'list' }>

const both = ['mysql', 'scylla']

/** Processor time per request of one row by that of another, each the least of its rounds. */
export function cpu(what: string, databases: readonly string[], of: Row, by: Row, wanted: Wanted): Rule {
  return {
    what,
    databases,
    wanted,
    figure: ratio(of, by, ({ cpuUs }) => cpuUs?.least),
    remark: whereAny(of, by, ({ isWarm }) => isWarm === false, 'not compiled yet'),
  }
}

/** Right answers a second of one row by those of another, medians of the rounds. */
export function speed(what: string, databases: readonly string[], of: Row, by: Row, wanted: Wanted): Rule {
  return {
    what,
    databases,
    wanted,
    figure: ratio(of, by, ({ perSecond }) => perSecond.median),
    remark: whereAny(of, by, ({ busy }) => busy !== null && busy < 0.9, 'their processor was not the limit'),
  }
}

function ratio(of: Row, by: Row, figure: (row: Load) => number | undefined): Rule['figure'] {
  return (results) => {
    const [above, below] = [of, by].map((row) => rowOf(results, row))
    if (above === undefined || below === undefined || above.run !== below.run) return undefined
    return found(above, (a) => found(below, (b) => quotient(figure(a), figure(b))))
  }
}

const rowOf = (results: readonly Result[], [work, server]: Row): Load | undefined =>
  ofKind(results, 'load').find((row) => row.work === work && row.server === server)

function whereAny(of: Row, by: Row, condition: (row: Load) => boolean, remark: string): Remark {
  return (results) =>
    [of, by].map((row) => rowOf(results, row)).some((row) => row && condition(row)) ? remark : undefined
}

/** Of the list of a million rows of the stop in every way that it was read, the plain one first; and of the floor's. */
export function list(what: string, wanted: Wanted, figure: (ours: List[], floor?: List) => Figure): Rule {
  return {
    what,
    databases: both,
    wanted,
    figure: (results) => {
      const lists = ofKind(results, 'list').filter(({ rows }) => rows >= 1e6)
      const ours = lists.filter(({ server }) => server === 'ours')
      if (ours.length === 0) return undefined
      if (lists.some((row) => wrongIn(row) !== undefined)) return 'failed'
      return figure(
        ours,
        lists.find(({ server }) => server === 'floor'),
      )
    },
  }
}

export function start(what: string, server: string, wanted: Wanted): Rule {
  return {
    what,
    databases: both,
    wanted,
    figure: (results) =>
      found(
        ofKind(results, 'start').find((row) => row.server === server),
        ({ ms }) => ms?.median,
      ),
  }
}

/** What a row says; "failed" where it has wrong answers. */
function found<Row extends Result>(row: Row | undefined, figure: (row: Row) => Figure): Figure {
  if (row === undefined) return undefined
  return wrongIn(row) === undefined ? figure(row) : 'failed'
}

function quotient(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined ? undefined : above / below
}

/**
 * The sum of a figure over all rows that have it; "failed" where it would do and one of them has wrong answers. Where it
 * misses it stands: it may be the number of the wrong answers.
 */
export function total(
  what: string,
  databases: readonly string[],
  wanted: { most: number },
  figure: (row: Result) => number | undefined,
): Rule {
  return {
    what,
    databases,
    wanted,
    figure: (results) => {
      const rows = results.filter((row) => figure(row) !== undefined)
      if (rows.length === 0) return undefined
      const sum = rows.reduce((sum, row) => sum + (figure(row) ?? 0), 0)
      const isWrong = rows.some((row) => wrongIn(row) !== undefined)
      return isWrong && sum <= wanted.most ? 'failed' : sum
    },
  }
}
