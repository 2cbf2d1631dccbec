import { createInterface } from 'node:readline/promises'

/**
 * Asks on the terminal whether to go on: Enter means yes, and the end of the input means no.
 *
 * While it asks, the terminal is in raw mode and Ctrl-C is a character: here it is made the interrupt again that it is
 * at any other time, for this process, whose handlers end it.
 *
 * @throws once the signal is aborted
 */
export const isAgreedTo = async (question: string, signal: AbortSignal): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const answer = await terminal.question(`${question} [Y/n] `, { signal })
    return !/^n/i.test(answer.trim())
  } catch (error) {
    signal.throwIfAborted()
    if ((error as Error).name === 'AbortError') return false // the end of the input
    throw error
  } finally {
    terminal.close()
  }
}
