import type { Request } from './load.ts'
import type { ServerName } from './programs.ts'

/** A server in a work, and what is sent to it. */
export type Contender = {
  server: ServerName
  /** What its row is called; as its server unless given. */
  as?: string
  /** What is sent, made with what the server at the URL says; that of a stop is sent to the limit as well. */
  request: (url: string) => Promise<Request>
}

/** One kind of request on a table of some size; all contenders are measured in interleaved rounds. */
export type Work = {
  /** What `--only` calls it. */
  name: string
  title: string
  /** Rows in the table; undefined where no database is asked. */
  rows: number | undefined
  connections: number
  contenders: readonly Contender[]
  status: 200 | 204 | 304
  /** How many of the rows an answer holds; undefined where it is no list of them. */
  answeredRows?: number
  /** What the words of each contender begin with, where they are stored: they are counted afterwards. */
  marks?: readonly string[]
}
