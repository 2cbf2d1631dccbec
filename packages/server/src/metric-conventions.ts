/**
 * What every metric of ours begins with, so that typing it lists them all. Those of the process keep the names that
 * Prometheus clients give them (`process_…`, `nodejs_…`), because dashboards know those.
 */
export const prefix = 'tour_'

/** Upper bounds in seconds; 3.5 is the time in which every request is told something. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 3.5, 10]
