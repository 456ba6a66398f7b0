/** Ends the run with one line to read by machine: `tests: N passed, N failed`. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    console.log(`tests: ${numPassedTests} passed, ${failed} failed${skipped}`);
  }
}
