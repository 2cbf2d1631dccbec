// Logs what must not be seen, and at given moments, for the tests beside it.
import { createLogger } from 'server'

const log = createLogger()
log.info('below the level')
log.warn('to mysql://user:secret@host:3306/name')
log.warn({ config: { user: 'user', password: 'secret' } }, 'with')
log.error(
  { err: new Error('no answer', { cause: new Error('refused by https://user:se%20cret:secret@10.0.0.1') }) },
  'failed',
)
for (const moment of JSON.parse(process.env.MOMENTS ?? '[]')) {
  Date.now = () => moment
  log.fatal('now')
}
