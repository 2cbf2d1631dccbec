import type { Context } from './settings.ts'

const gigabyte = 2 ** 30

/** Three CQL members, or one, said so, with less than 4 GB of memory free: three take up to 2.5 GB, and need room around. */
export const affordableMembers = (
  { onProgress }: Pick<Context, 'onProgress'>,
  free = process.availableMemory(), // bytes
): 1 | 3 => {
  if (free >= 4 * gigabyte) return 3
  const words = `${(free / gigabyte).toFixed(1)} GB of memory free`
  onProgress(
    `Warning: Only ${words}: starting one CQL member, not three (they want 4 GB). It has words of its own.`,
  )
  return 1
}
