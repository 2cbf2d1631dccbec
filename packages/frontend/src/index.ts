import { fileURLToPath } from 'node:url'

/**
 * Where `vite build` puts the page: an absolute path to a directory with index.html and hashed files in assets/,
 * each with a `.br` and a `.gz` beside it. It is there once `pnpm --filter frontend build` has run.
 */
export const pageDirectory: string = fileURLToPath(new URL('../dist', import.meta.url))

/** The folder in it that a stop in production must not have: what breaks the connection on purpose. */
export const developmentFolder = 'development'
