import { fork } from 'node:child_process';
import { join } from 'node:path';
import { declareFactoryPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { SPECS } from './specs.js';

/** In StrykerJS's copy, which is where its runners work. */
const PROGRAM = join('test', 'mutants', 'run-specs.js');
const STATUSES = {
  passed: TestStatus.Success,
  failed: TestStatus.Failed,
  skipped: TestStatus.Skipped,
};
const TIMEOUT = { status: DryRunStatus.Timeout };

/**
 * Runs the specs in a process of their own each time: nothing that one mutant broke reaches the next, and
 * what a mutant changes while the modules load is seen too. Jest itself, started again in one process,
 * keeps every module that it ever loaded.
 */
class SpecRunner {
  capabilities() {
    return { reloadEnvironment: true };
  }

  dryRun({ timeout }) {
    return this.run({ files: SPECS, bail: false }, timeout, (report) => ({
      mutantCoverage: report.mutantCoverage,
    }));
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, timeout, disableBail }) {
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
    return toMutantRunResult(await this.run(order, timeout), disableBail);
  }

  /** Gives what StrykerJS calls a dry run's result, for a mutant too. */
  run(order, timeout, more = () => ({})) {
    return new Promise((resolve) => {
      const child = fork(PROGRAM, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      let [words, report] = ['', undefined];
      child.stderr.on('data', (chunk) => (words = `${words}${chunk}`.slice(-4000)));
      child.once('message', (message) => (report = message));
      const clock = setTimeout(() => {
        child.kill('SIGKILL');
        resolve(TIMEOUT);
      }, timeout);
      child.once('close', (code) => {
        clearTimeout(clock);
        resolve(report ? { ...resultOf(report, order), ...more(report) } : crash(code, words));
      });
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

/** The specs did not even end: as good as one that fails. */
function crash(code, words) {
  const name = `the process ended with ${String(code)}`;
  const test = { id: name, name, timeSpentMs: 0, status: TestStatus.Failed, failureMessage: words };
  return { status: DryRunStatus.Complete, tests: [test] };
}

/** What a line of the log says is for people, and no spec holds it. */
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
