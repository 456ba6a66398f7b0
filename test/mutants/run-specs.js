import { pathToFileURL } from 'node:url';
import { expect } from 'expect';
import circus, { addEventHandler, getState, resetState, run } from 'jest-circus';
import { spyOn } from 'jest-mock';

const TEST_TIMEOUT_MS = 10_000;
/** After a failure: a hook that hangs on what the mutant broke is not waited for. */
const CLEANUP_TIMEOUT_MS = 2000;

Object.assign(globalThis, circus, { expect, jest: { spyOn } });

/** What StrykerJS's code in the sources reads and writes: which mutant is on, and what was covered. */
const stryker = (globalThis.__stryker__ = {});

/** Whom code runs for outside any test: a sweep in the background, for one. */
const BETWEEN = 'between the tests';

/** The tests that a describe block's own hooks serve: what a hook covers, each of them does. */
const served = new Map();

let [loads, bails, isTold, cleanup] = [0, false, false, undefined];

const titles = (node) => (node.parent ? [...titles(node.parent), node.name] : []);
const testsIn = (node) => (node.type === 'test' ? [node] : node.children.flatMap(testsIn));

async function load(file) {
  const { children } = getState().rootDescribeBlock;
  const before = children.length;
  // A spec is loaded anew each time, and what it tests is not.
  await import(`${pathToFileURL(file).href.replace(/\.ts$/, '.js')}?${String((loads += 1))}`);
  for (const test of children.slice(before).flatMap(testsIn)) {
    test.id = [file, ...titles(test)].join(' > ');
    test.file = file;
  }
}

const skip = (isWanted) => {
  for (const test of testsIn(getState().rootDescribeBlock)) {
    if (!isWanted(test)) test.mode = 'skip';
  }
};

/** Tells StrykerJS's code which test it runs for, and gives the rest up after the first that fails. */
addEventHandler(({ name, test, hook }) => {
  if (name === 'test_start') stryker.currentTestId = test.id;
  if (name === 'hook_start' && hook.type.endsWith('All')) {
    const id = `hooks of ${titles(hook.parent).join(' > ')}`;
    served.set(id, testsIn(hook.parent));
    stryker.currentTestId = id;
  }
  const isHooksEnd = ['hook_success', 'hook_failure'].includes(name) && !test;
  if (isHooksEnd || name === 'test_done') stryker.currentTestId = BETWEEN;
  if (name !== 'test_done' || !bails || test.errors.length === 0) return;
  skip(() => false);
  cleanup ??= setTimeout(() => tell(false), CLEANUP_TIMEOUT_MS);
});

/** Gives what the hooks covered to the tests that they serve. */
function coverage() {
  const { static: loaded = {}, perTest = {} } = stryker.mutantCoverage ?? {};
  delete perTest[BETWEEN];
  for (const [id, hookTests] of served) {
    const covered = Object.entries(perTest[id] ?? {});
    delete perTest[id];
    for (const test of hookTests) {
      const own = (perTest[test.id] ??= {});
      for (const [mutant, hits] of covered) own[mutant] = (own[mutant] ?? 0) + hits;
    }
  }
  return { static: loaded, perTest };
}

function resultOf({ id, file, mode, duration, errors }) {
  const failure = errors.map(([thrown]) => String(thrown?.stack ?? thrown)).join('\n');
  const status = errors.length > 0 ? 'failed' : mode === 'skip' ? 'skipped' : 'passed';
  return { id, name: id, fileName: file, timeSpentMs: duration ?? 0, status, failure };
}

/** Runs the files' tests, or those listed alone, and tells the parent what came of them. */
process.on('message', async ({ files, only, activeMutant, hitLimit, bail }) => {
  Object.assign(stryker, { activeMutant, hitLimit, hitCount: hitLimit ? 0 : undefined });
  resetState();
  served.clear();
  [bails, isTold, cleanup] = [bail, false, undefined];
  getState().testTimeout = TEST_TIMEOUT_MS;
  for (const file of files) await load(file);
  const wanted = only && new Set(only);
  if (wanted) skip(({ id }) => wanted.has(id));
  stryker.currentTestId = BETWEEN;
  await run();
  tell(getState().unhandledErrors.length === 0);
});

/** `isClean`: all that was opened is closed again, and the process may run the specs once more. */
function tell(isClean) {
  clearTimeout(cleanup);
  if (isTold) return;
  isTold = true;
  const { rootDescribeBlock, unhandledErrors } = getState();
  const results = testsIn(rootDescribeBlock).map(resultOf);
  if (unhandledErrors.length > 0) {
    results.push(resultOf({ id: 'outside any test', errors: unhandledErrors }));
  }
  const mutantCoverage = stryker.activeMutant === undefined ? coverage() : undefined;
  process.send({ results, isClean, hitCount: stryker.hitCount, mutantCoverage });
}

process.once('disconnect', () => process.exit());
