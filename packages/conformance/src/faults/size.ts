/** FAULTS=full: as long and as often as the claims say; otherwise short enough for every run of the tests. */
export const isFull = process.env.FAULTS === 'full'

/**
 * Milliseconds that a busy machine itself takes: the short runs are made beside other tests, several at once, and show
 * that nothing hangs; the times that are claimed are held by the long ones, alone.
 */
export const machineMs = isFull ? 0 : 1500

/** A time that is claimed, with what a busy machine takes, for the title of a test: "3.5 s". */
export const inTime = (ms: number): string => `${(ms + machineMs) / 1000} s`
