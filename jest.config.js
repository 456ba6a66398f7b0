import { existsSync, readdirSync } from 'node:fs';
import { TEST_TIMEOUT_MS } from './test/support/test-timeout.js';

const folders = new Set(
  ['src', 'test'].flatMap((parent) =>
    readdirSync(new URL(parent, import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
  ),
);

const project = (displayName, roots, testMatch) => ({
  ...{ displayName, id: displayName, roots, testMatch: [testMatch] },
  testEnvironment: '<rootDir>/test/support/runner/native.environment.js',
  runtime: '<rootDir>/test/support/runner/native.runtime.cjs',
  testRunner: '<rootDir>/test/support/runner/not-too-late.runner.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
});

/** Returns the project of a folder: `wallet` has the specs of `src/wallet` and of `test/wallet`. */
const projectOf = (folder) => {
  const roots = [`src/${folder}`, `test/${folder}`]
    .filter((path) => existsSync(new URL(path, import.meta.url)))
    .map((path) => `<rootDir>/${path}`);
  return project(folder, roots, '**/*.spec.ts');
};

/** @type {import('jest').Config} */
export default {
  projects: [
    project('src', ['<rootDir>/src'], '<rootDir>/src/*.spec.ts'),
    ...[...folders].sort().map(projectOf),
  ],
  globalSetup: '<rootDir>/test/support/run.setup.js',
  globalTeardown: '<rootDir>/test/support/run.teardown.js',
  testSequencer: '<rootDir>/test/support/longest-first.sequencer.js',
  reporters: ['default', '<rootDir>/test/support/count.reporter.js'],
  testTimeout: TEST_TIMEOUT_MS,
  // Three workers for two cores, because specs also wait: for processes, time limits and the database.
  maxWorkers: 3,
};
