import { listenVariables, readEnvironment } from 'server'
import * as z from 'zod'

/** What this stop takes from its environment: where it listens, and nothing else. */
export const readConfig = (env: Record<string, string | undefined>) =>
  readEnvironment(z.object(listenVariables(8080)), env)
