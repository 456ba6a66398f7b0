import { relative } from 'node:path';

const SLOWEST = 15;

const seconds = ({ perfStats: { start, end } }) => (end - start) / 1000;

/** Ends the run with the slowest files, what was skipped, and one line for programs: `tests: N passed, N failed`. */
export default class CountReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, results) {
    const { testResults, numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    this.printSlowest(testResults);
    this.printSkipped(testResults);
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    console.log(`tests: ${numPassedTests} passed, ${failed} failed`);
  }

  printSlowest(testResults) {
    if (testResults.length <= 1) return;
    const slowest = [...testResults].sort((one, other) => seconds(other) - seconds(one));
    console.log(`the slowest files (test/support/slowest.js starts them first):`);
    for (const result of slowest.slice(0, SLOWEST)) {
      const path = relative(this.rootDir, result.testFilePath);
      console.log(`${seconds(result).toFixed(1).padStart(7)} s  ${path}`);
    }
  }

  /** A skipped test's title, or that of a block around it, gives the reason. */
  printSkipped(testResults) {
    for (const { testFilePath, testResults: tests } of testResults) {
      for (const { status, fullName } of tests) {
        if (status === 'pending') {
          console.log(`skipped: ${relative(this.rootDir, testFilePath)}: ${fullName}`);
        }
      }
    }
  }
}
