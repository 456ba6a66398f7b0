import { relative } from 'node:path';
import circus from 'jest-circus/runner';
import { NOT_BEGUN, longestMs } from '../heavy.js';

/** When the run must have ended, in seconds since 1970. `.ci/run` sets it for heavy files; without it none is late. */
const END_BY = Number(process.env.TEST_END_BY ?? Infinity);

const nothing = { numPassingTests: 0, numFailingTests: 0, numTodoTests: 0, openHandles: [] };
const noSnapshots = {
  ...{ added: 0, fileDeleted: false, matched: 0, unchecked: 0 },
  ...{ uncheckedKeys: [], unmatched: 0, updated: 0 },
};

/** The result of a file that is not begun: one skipped test, whose title is the reason. */
const lateResult = () => {
  const fullName = `${NOT_BEGUN}: on a slow machine it would not end within the time of .ci/run`;
  const test = { ancestorTitles: [], failureDetails: [], failureMessages: [], fullName };
  const testResults = [{ ...test, title: fullName, status: 'pending', numPassingAsserts: 0 }];
  const perfStats = {};
  return { ...nothing, numPendingTests: 1, perfStats, snapshot: noSnapshots, testResults };
};

/** Jest's runner of one file, unless the file might end too late. */
export default function runFile(globalConfig, config, environment, runtime, path, ...rest) {
  const isLate = Date.now() + longestMs(relative(config.rootDir, path)) > END_BY * 1000;
  return isLate
    ? lateResult()
    : circus.default(globalConfig, config, environment, runtime, path, ...rest);
}
