// One configuration for every package: `jest --config ../../jest.config.js --rootDir .`
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
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
  testTimeout: 30_000,
}
