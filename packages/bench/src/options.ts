import { parseArgs } from 'node:util'
import { kinds, workNames } from './work-names.ts'

export const usage = `pnpm bench [OPTION…]
  --quick              three minutes: fewer and shorter rounds, 20,000 rows in place of 1,000,000
  --only NAME,…        these works only, of: ${workNames.join(', ')}
  --database NAME      mysql or scylla only
  --rounds N           rounds of each work
  --seconds N          seconds of each round
  --pairs N            of words written and then looked for (stale)
  --source             the stops from their source, not from the folder that pnpm build makes
  --profile FOLDER     writes a .cpuprofile and a flame graph of every server there, and prints the hottest frames
  --record             writes the results into packages/bench and the chart into docs/images`

export type Options = ReturnType<typeof readOptions>

/**
 * What the command line asks for, with what each run does unless told otherwise.
 *
 * @throws RangeError or TypeError when it asks for what there is not, naming what there is
 */
export const readOptions = (args: readonly string[]) => {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      database: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      source: { type: 'boolean', default: false },
      profile: { type: 'string' },
      pairs: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, source, record, help, profile } = values
  const other = quick ? '--quick' : profile === undefined ? undefined : '--profile'
  if (record && other)
    throw new RangeError(
      `--record keeps what a whole run measured, which ${other} is none of: leave one of them out`,
    )
  return {
    quick,
    source,
    record,
    help,
    profileFolder: profile,
    only: values.only?.flatMap((names) => names.split(',')).map((name) => oneOf('--only', name, workNames)),
    database: values.database === undefined ? undefined : oneOf('--database', values.database, kinds),
    rows: quick ? 20_000 : 1_000_000,
    pairs: whole('--pairs', values.pairs) ?? (quick ? 2000 : 100_000),
    rounds: whole('--rounds', values.rounds) ?? (quick ? 2 : 3),
    seconds: whole('--seconds', values.seconds) ?? (quick ? 1 : 2),
    warmUpSeconds: quick ? 1 : 4,
    latencySeconds: quick ? 0 : 1,
    listRounds: quick ? 1 : 2,
    slowSeconds: quick ? 1 : 8,
    starts: quick ? 2 : 4,
  }
}

/** @throws RangeError when it is none of them */
export const oneOf = <Name extends string>(option: string, given: string, allowed: readonly Name[]): Name => {
  const name = allowed.find((each) => each === given)
  if (name !== undefined) return name
  throw new RangeError(`${option}: there is no ${JSON.stringify(given)}. There is: ${allowed.join(', ')}`)
}

/** @throws RangeError when it is given and no whole number from 1 */
export const whole = (option: string, given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw new RangeError(
    `${option}: ${JSON.stringify(given)} is no whole number from 1. For example: ${option} 3`,
  )
}

/** Reads the command line, or says what is wrong with it and ends the process with exit code 2. */
export const orExit = <Read>(read: () => Read): Read => {
  try {
    return read()
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}
