import { calmly } from './steady.ts'
import { type App, spawnStop } from './stop.ts'
import { until } from './until.ts'

/** Starts a stop, gives the first reason it has for not being ready, and everything it wrote. */
export const refusalOf = (app: App, env: Record<string, string>) => calmly(() => refusalOnce(app, env))

const refusalOnce = async (app: App, env: Record<string, string>) => {
  const stop = await spawnStop(app, env, { waitUntilReady: false })
  try {
    const reason = await until('a reason', async () => {
      const health = await stop.client.ready()
      if (health.status === 'ok') return 'it connected'
      return health.reason !== 'connecting to the database' && health.reason
    })
    return { reason: String(reason), log: stop.log() }
  } finally {
    await stop.stop()
  }
}
