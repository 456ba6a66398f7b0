/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/support/runner/native.environment.js',
  runtime: '<rootDir>/test/support/runner/native.runtime.cjs',
  testRunner: '<rootDir>/test/support/runner/not-too-late.runner.js',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  globalSetup: '<rootDir>/test/support/run.setup.js',
  globalTeardown: '<rootDir>/test/support/run.teardown.js',
  testSequencer: '<rootDir>/test/support/longest-first.sequencer.js',
  reporters: ['default', '<rootDir>/test/support/count.reporter.js'],
  // Ten times the duration of the slowest spec on an idle machine, and more than `until.ts` waits for one condition.
  testTimeout: 120_000,
  // Three workers for two cores, because specs also wait: for processes, time limits and the database.
  maxWorkers: 3,
};
