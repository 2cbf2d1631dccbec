import type { Context } from './settings.ts'

const gigabyte = 2 ** 30

/** Three CQL members, or one, said so, with less than 4 GB of memory free: three take 2.5 GB, and need room around. */
export const affordableMembers = (context: Context): 1 | 3 => {
  const free = process.availableMemory()
  if (free >= 4 * gigabyte) return 3
  const words = `${(free / gigabyte).toFixed(1)} GB of memory free`
  context.onProgress(
    `Only ${words}: starting one CQL member, not three (they want 4 GB). It has words of its own.`,
  )
  return 1
}
