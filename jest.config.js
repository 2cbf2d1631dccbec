import { tmpdir } from 'node:os'
import { join } from 'node:path'

// For the programs that tests start, hundreds of times: each keeps for the next one what it compiled, half of a start.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache')

// One configuration for every package: `jest --config ../../jest.config.js --rootDir .`
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Built programs: their package.json has the name of the one that they are built from.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testEnvironment: 'node',
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'esnext' },
        module: { type: 'es6' },
      },
    ],
  },
  setupFilesAfterEnv: [`${import.meta.dirname}/scripts/jest-setup.js`],
  reporters: ['default', `${import.meta.dirname}/scripts/jest-reporter.js`],
  // Against hanging, and no claim: on a slow machine the longest take half of it.
  testTimeout: 90_000,
  // cassandra-driver's timers may outlive its client by minutes, and a test that fails may leave a handle: neither is to
  // keep a run from ending. What is left of processes is looked for by the tests that start them.
  forceExit: true,
}
