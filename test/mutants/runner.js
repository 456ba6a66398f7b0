import { fork } from 'node:child_process';
import { join } from 'node:path';
import { declareFactoryPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { SPECS } from './specs.js';

/** The path in StrykerJS's copy, in which its runners work. */
const PROGRAM = join('test', 'mutants', 'run-specs.js');
const STATUSES = {
  passed: TestStatus.Success,
  failed: TestStatus.Failed,
  skipped: TestStatus.Skipped,
};
const TIMEOUT = { status: DryRunStatus.Timeout };

/**
 * Runs the specs in its own process. One process serves for many mutants, because loading the service takes longer
 * than most mutants. It is replaced for a mutant that is active while modules load, and after a mutant that left
 * something open, hung or crashed. Jest itself cannot be used: if it runs again in one process, it keeps every
 * module that it ever loaded.
 */
class SpecRunner {
  child;

  capabilities() {
    return { reloadEnvironment: true };
  }

  dryRun({ timeout }) {
    return this.run({ files: SPECS, bail: false }, timeout, (report) => ({
      mutantCoverage: report.mutantCoverage,
    }));
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, timeout, disableBail, ...how }) {
    const files = testFilter
      ? SPECS.filter((file) => testFilter.some((id) => id.startsWith(`${file} > `)))
      : SPECS;
    const order = {
      files,
      only: testFilter,
      activeMutant: activeMutant.id,
      hitLimit,
      bail: !disableBail,
    };
    if (how.reloadEnvironment) this.dispose();
    return toMutantRunResult(await this.run(order, timeout), disableBail);
  }

  dispose() {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  /** Returns the result that StrykerJS calls a dry run's, for mutants too. */
  run(order, timeout, more = () => ({})) {
    const child = (this.child ??= fork(PROGRAM, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }));
    return new Promise((resolve) => {
      let words = '';
      const clock = setTimeout(() => end(TIMEOUT, false), timeout);
      const readLine = (chunk) => (words = `${words}${chunk}`.slice(-4000));
      const close = (code) => end(crash(code, words), false);
      const answer = (report) =>
        end({ ...resultOf(report, order), ...more(report) }, report.isClean);
      const end = (result, isReusable) => {
        clearTimeout(clock);
        child.stderr.off('data', readLine);
        child.off('close', close).off('message', answer);
        if (!isReusable) this.dispose();
        resolve(result);
      };
      child.stderr.on('data', readLine);
      child.once('close', close).once('message', answer);
      child.send(order);
    });
  }
}

function resultOf({ results, hitCount }, { hitLimit }) {
  if (hitLimit !== undefined && hitCount > hitLimit) return TIMEOUT;
  const tests = results.map(({ status, failure, ...test }) => ({
    ...test,
    status: STATUSES[status],
    failureMessage: failure,
  }));
  return { status: DryRunStatus.Complete, tests };
}

/** The specs did not end, which counts as a failed test. */
function crash(code, words) {
  const name = `the process ended with ${String(code)}`;
  const test = { id: name, name, timeSpentMs: 0, status: TestStatus.Failed, failureMessage: words };
  return { status: DryRunStatus.Complete, tests: [test] };
}

/** Log lines are for people, and no spec checks them. */
const logs = {
  shouldIgnore({ node }) {
    const owner = node.type === 'CallExpression' && node.callee.object;
    return owner?.property?.name === 'logger' ? 'what the log says' : undefined;
  },
};

const createRunner = () => new SpecRunner();
export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'specs', createRunner),
  declareValuePlugin(PluginKind.Ignore, 'logs', logs),
];
