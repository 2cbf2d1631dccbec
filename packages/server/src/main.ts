import { ConfigError } from './environment.ts'
import { createLogger, type Logger } from './logger.ts'

/**
 * Runs a stop. What is wrong with its environment is told in plain lines on standard error, without a stack; any
 * other error that nothing caught is logged. Both end the process with exit code 1.
 */
export const main = async (start: (log: Logger) => Promise<void>): Promise<void> => {
  const log = createLogger()
  const end = (error: unknown) => {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
    else log.fatal(error)
    process.exit(1)
  }
  process.on('uncaughtException', end)
  await start(log).catch(end)
}
