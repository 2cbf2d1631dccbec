import autocannon from 'autocannon'
import { firstNumber, type Load, lateAfter, type Outcome } from './load.ts'

/**
 * {@link load} by autocannon, which comes with `pnpm install`. It decodes every piece of a body by itself, so that a
 * character across two pieces comes out wrong: what is not ASCII is left out of the comparison, and the bytes of every
 * answer are counted instead.
 */
export const loadByAutocannon = async (load: Load): Promise<Outcome> => {
  const { url, request, expected, connections, seconds } = load
  const ascii = asciiOf(expected.body.toString())
  let answers = 0
  let wrong = 0
  let headBytes: number | undefined
  let number = firstNumber()
  let isRight = true
  const withNumber = (text: string, digits: string) => text.replaceAll('{n}', digits)

  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    timeout: lateAfter,
    requests: [
      {
        method: request.method,
        path: request.path,
        headers: request.headers ?? {},
        ...(request.body !== undefined && { body: request.body }),
        ...(JSON.stringify(request).includes('{n}') && {
          setupRequest: (made) => {
            const digits = String(++number % (request.repeats ?? 1e12)).padStart(12, '0')
            const headers = Object.entries(request.headers ?? {})
            return {
              ...made,
              path: withNumber(request.path, digits),
              headers: Object.fromEntries(headers.map(([name, value]) => [name, withNumber(value, digits)])),
              body: withNumber(request.body ?? '', digits),
            }
          },
        }),
      },
    ],
    setupClient: (client) => {
      client.on('response', (status, bytes) => {
        // All heads of one server are equally long; that of the first answer is known from its body.
        headBytes ??= bytes - expected.body.length
        isRight = status === expected.status && bytes === headBytes + expected.body.length
        answers++
        if (!isRight) wrong++
      })
    },
    // Called after the listener above, for the same answer.
    verifyBody: (body: unknown) => {
      if (!isRight || (answers > 1 && answers % 100 !== 0)) return true
      if (asciiOf(String(body)) !== ascii) wrong++
      return true
    },
  } as autocannon.Options)
  const { errors, timeouts } = result
  const faults = { 'wrong status or body': wrong, 'broken off': errors - timeouts, late: timeouts }
  return { requests: answers - wrong, failed: wrong + errors, faults, seconds: result.duration }
}

const asciiOf = (text: string): string => text.replaceAll(/[^ -~]+/g, '')
