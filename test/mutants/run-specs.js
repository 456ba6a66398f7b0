import { pathToFileURL } from 'node:url';
import { expect } from 'expect';
import circus, { addEventHandler, getState, resetState, run } from 'jest-circus';
import { spyOn } from 'jest-mock';
import NativeEnvironment from '../support/runner/native.environment.js';

const TEST_TIMEOUT_MS = 10_000;
/** After a failure, a hook may hang because of the mutant. It is not waited for any longer than this. */
const CLEANUP_TIMEOUT_MS = 2000;

Object.assign(globalThis, circus, { expect, jest: { spyOn } });

/**
 * The object that StrykerJS's code in the sources reads and writes: which mutant is active, and what was covered.
 */
const stryker = (globalThis.__stryker__ = {});

/** The id for code that runs outside of tests, for example a sweep in the background. */
const BETWEEN = 'between the tests';

/** The tests that the hooks of a describe block run for. What a hook covers counts for each of these tests. */
const served = new Map();

let [loads, bails, isTold, cleanup] = [0, false, false, undefined];

const titles = (node) => (node.parent ? [...titles(node.parent), node.name] : []);
const testsIn = (node) => (node.type === 'test' ? [node] : node.children.flatMap(testsIn));

async function load(file) {
  const { children } = getState().rootDescribeBlock;
  const before = children.length;
  // The spec is loaded again each time. The modules that it tests are not.
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

/** As in Jest, helpers that make requests wait are released after each test. */
const environment = new NativeEnvironment();
addEventHandler((event, state) => {
  environment.handleTestEvent(event, state);
});

/** Tells StrykerJS's code which test runs, and stops after the first failure. */
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

/** Adds what the hooks covered to the tests that they run for. */
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

/** Runs the tests of the files, or only the listed ones, and reports the results to the parent process. */
process.on('message', async ({ files, only, activeMutant, hitLimit, bail }) => {
  Object.assign(stryker, { activeMutant, hitLimit, hitCount: hitLimit ? 0 : undefined });
  resetState();
  // Forgets the helpers of the run before.
  await environment.teardown();
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

/** `isClean` means that everything that was opened is closed again, so the process may run the specs once more. */
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
