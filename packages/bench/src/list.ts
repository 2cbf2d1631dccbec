import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** One transfer of the whole list. */
export type Transfer = {
  firstByteMs: number
  totalMs: number
  bytes: number
  /** What tells one text from another. */
  digest: string
  /** The text; undefined where it was not to be kept. */
  text: string | undefined
}

type Options = {
  /** Keeps the text, which a client that is to be slow, and one of ten, does not. */
  keep?: boolean
  /** What a slow client reads; as fast as it comes unless given. */
  bytesPerSecond?: number
  /** After that many seconds a slow client reads the rest as fast as it comes, or leaves. */
  slowSeconds?: number
  leaves?: boolean
}

/** After that a server that sends nothing is given up. */
const silentMs = 10_000

/**
 * Gets the whole list; undefined where it left before the end.
 *
 * @throws when it is refused or broken off, or nothing comes for ten seconds
 */
export const transferList = async (
  url: string,
  { keep = false, bytesPerSecond, slowSeconds = 30, leaves = false }: Options = {},
): Promise<Transfer | undefined> => {
  const began = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = get(url, { timeout: silentMs }, resolve).once('error', reject)
  sent.once('timeout', () => sent.destroy(new Error('nothing came for 10 s')))
  const answer = await promise
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}, not 200`)
  const hash = createHash('sha1')
  const pieces: Buffer[] = []
  let bytes = 0
  let firstByteMs = Number.NaN
  for await (const piece of answer as AsyncIterable<Buffer>) {
    if (bytes === 0) firstByteMs = performance.now() - began
    if (keep) pieces.push(piece)
    hash.update(piece)
    bytes += piece.length
    if (bytesPerSecond === undefined) continue
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - began)
    const isSlow = performance.now() - began < slowSeconds * 1000
    if (!isSlow && leaves) return undefined // which ends the answer
    if (isSlow && aheadMs > 1) await pause(aheadMs)
  }
  const totalMs = performance.now() - began
  const text = keep ? Buffer.concat(pieces).toString() : undefined
  return { firstByteMs, totalMs, bytes, digest: hash.digest('hex'), text }
}
