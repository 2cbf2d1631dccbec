/** What a stop has done so far, by its own /metrics: lists that were asked for, and read statements sent for them. */
export type Reads = { requests: number; statements: number }

/** Undefined where the server has no metrics, as the peers. */
export const readsOf = async (url: string): Promise<Reads | undefined> => {
  const response = await fetch(`${url}/metrics`).catch(() => undefined)
  const text = response?.ok ? await response.text() : undefined
  if (text === undefined) return undefined
  return {
    requests: sum(text, 'tour_http_request_duration_seconds_count', ['method="GET"', 'route="/words"']),
    statements: sum(text, 'tour_database_statement_duration_seconds_count', ['kind="read"']),
  }
}

/** The sum of all series of a metric that have these labels. */
const sum = (text: string, name: string, labels: readonly string[]): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' '))), 0)
