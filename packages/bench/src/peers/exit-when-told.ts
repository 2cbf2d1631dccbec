// `node --import exit-when-told.ts …`: a peer, which knows of no signals, ends as programs do that return from main, so
// that `--cpu-prof` has written its profile. A signal alone would end it without.
process.once('SIGTERM', () => process.exit(0))
