import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NOT_BEGUN } from './heavy.js';

const SLOWEST = 15;

const seconds = ({ perfStats: { start, end } }) => (end - start) / 1000;

/**
 * Prints at the end of a run: the slowest files, the skipped tests, and one line for programs, `tests: N passed, N
 * failed`.
 */
export default class CountReporter {
  constructor({ rootDir, testNamePattern }) {
    this.rootDir = rootDir;
    this.titles = new RegExp(testNamePattern ?? '', 'i');
    this.breaches = [];
  }

  onRunComplete(_contexts, results) {
    const { testResults, numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    this.printSlowest(testResults);
    this.printSkipped(testResults);
    this.printBreaches();
    const failed = numFailedTests + numRuntimeErrorTestSuites || this.breaches.length;
    console.log(`tests: ${numPassedTests} passed, ${failed} failed`);
  }

  /** Fails the run if there is a breach, even if a spec caught its error. */
  getLastError() {
    if (this.breaches.length > 0) return new Error('answers break their schema');
    return undefined;
  }

  /** Prints the breaches that `schema-mismatches.ts` has recorded. */
  printBreaches() {
    const folder = process.env.TEST_BREACHES;
    const files = folder ? readdirSync(folder) : [];
    this.breaches = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
    for (const { route, fault, testPath } of this.breaches) {
      const path = relative(this.rootDir, testPath);
      console.log(`an answer breaks its schema: ${route}, but: ${fault} (found by ${path})`);
    }
  }

  printSlowest(testResults) {
    if (testResults.length <= 1) return;
    const run = testResults.filter(({ skipped }) => !skipped);
    const slowest = run.sort((one, other) => seconds(other) - seconds(one));
    console.log(`the slowest files (test/support/slowest.js starts them first):`);
    for (const result of slowest.slice(0, SLOWEST)) {
      const path = relative(this.rootDir, result.testFilePath);
      console.log(`${seconds(result).toFixed(1).padStart(7)} s  ${path}`);
    }
  }

  /**
   * Prints the skipped tests, except those whose titles the run did not ask for. The title of a skipped test, or of a block
   * around it, contains the reason.
   */
  printSkipped(testResults) {
    for (const { testFilePath, testResults: tests } of testResults) {
      for (const { status, fullName } of tests) {
        const isAskedFor = this.titles.test(fullName) || fullName.startsWith(NOT_BEGUN);
        if (status === 'pending' && isAskedFor) {
          console.log(`skipped: ${relative(this.rootDir, testFilePath)}: ${fullName}`);
        }
      }
    }
  }
}
