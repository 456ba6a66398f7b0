/** The types of `test-timeout.js`, which `jest.config.js` imports before any TypeScript is read. */
export const TEST_TIMEOUT_MS: number;
