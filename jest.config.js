/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  globalSetup: '<rootDir>/test/support/run.setup.js',
  globalTeardown: '<rootDir>/test/support/run.teardown.js',
  testSequencer: '<rootDir>/test/support/longest-first.sequencer.js',
  reporters: ['default', '<rootDir>/test/support/count.reporter.js'],
  testTimeout: 60_000,
  maxWorkers: 2,
  // Jest keeps the modules of every spec that has run: a worker would spend its time in garbage collection.
  workerIdleMemoryLimit: '1500MB',
};
