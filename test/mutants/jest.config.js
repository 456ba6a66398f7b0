import base from '../../jest.config.js';

/** The specs that hold the money, on SQLite; StrykerJS runs them against each mutant. */
export default {
  ...base,
  rootDir: '../..',
  globalSetup: undefined,
  globalTeardown: undefined,
  reporters: undefined,
  testEnvironment: 'node',
  testMatch: [
    '**/test/isolation.spec.ts',
    '**/test/concurrency.spec.ts',
    '**/test/idempotency.spec.ts',
    '**/test/audit.spec.ts',
    '**/test/admin.spec.ts',
    '**/test/wallet*.spec.ts',
    '**/test/history.spec.ts',
    '**/src/{wallet,database}/**/*.spec.ts',
  ],
};
