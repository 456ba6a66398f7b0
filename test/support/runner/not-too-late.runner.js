import circus from 'jest-circus/runner';

/** Until when a file may begin, in seconds since 1970. `.ci/run` sets it for heavy files; without it none is late. */
const BEGIN_UNTIL = Number(process.env.TEST_BEGIN_UNTIL ?? Infinity);

const nothing = { numPassingTests: 0, numFailingTests: 0, numTodoTests: 0, openHandles: [] };
const noSnapshots = {
  ...{ added: 0, fileDeleted: false, matched: 0, unchecked: 0 },
  ...{ uncheckedKeys: [], unmatched: 0, updated: 0 },
};

/** The result of a file that is not begun: one skipped test, whose title is the reason. */
const lateResult = () => {
  const fullName = 'not begun: the time in which .ci/run begins a heavy file was over';
  const test = { ancestorTitles: [], failureDetails: [], failureMessages: [], fullName };
  const testResults = [{ ...test, title: fullName, status: 'pending', numPassingAsserts: 0 }];
  const perfStats = {};
  return { ...nothing, numPendingTests: 1, perfStats, snapshot: noSnapshots, testResults };
};

/** Jest's runner of one file, unless it is too late to begin. */
export default function runFile(...words) {
  return Date.now() > BEGIN_UNTIL * 1000 ? lateResult() : circus.default(...words);
}
