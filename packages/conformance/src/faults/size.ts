/** FAULTS=full: as long and as often as the claims say; otherwise short enough for every run of the tests. */
export const isFull = process.env.FAULTS === 'full'
