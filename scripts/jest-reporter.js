import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes `test-results/results.json` into the package under test, as `{ passed, failed, skipped, failures }`, so that one
 * line can be made of every package's tests, also of those that turbo answers from its cache, and the failures can be
 * shown once more below all that the other packages printed meanwhile.
 *
 * A file that could not be run counts as one failed test: Jest itself counts its tests as none at all.
 * Source: https://jestjs.io/docs/configuration#custom-reporters
 */
export default class ResultsReporter {
  #file

  constructor({ rootDir }) {
    this.#file = join(rootDir, 'test-results', 'results.json')
  }

  /** Removes what an earlier run wrote: a run that dies half-way must not be counted by it. */
  onRunStart() {
    rmSync(this.#file, { force: true })
  }

  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
      failures: results.testResults
        .map(({ failureMessage }) => failureMessage ?? '')
        .filter((one) => one !== ''),
    }
    mkdirSync(join(this.#file, '..'), { recursive: true })
    writeFileSync(this.#file, `${JSON.stringify(counts)}\n`)
  }
}
