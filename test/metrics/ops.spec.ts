import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { freePort } from '../support/free-port.js';
import { hasProgram } from '../support/programs.js';

const RULES = 'ops/prometheus-rules.yaml';
const DASHBOARD = 'ops/grafana-dashboard.json';
/** The suffixes that Prometheus adds to the name of a histogram. */
const SUFFIX = /_(?:bucket|count|sum)$/;

/** Returns every name of a metric in an expression. */
function namesIn(text: string): string[] {
  const found = text.match(/\b(?:tallychat|nodejs|process)_[a-z0-9_]+/g) ?? [];
  return [...new Set(found.map((name) => name.replace(SUFFIX, '')))];
}

describe('the files for operators in ops/', () => {
  const kind = databaseKinds.at(-1) ?? 'sqlite';
  let app: TestApp;
  let known: string[];

  beforeAll(async () => {
    app = await TestApp.start(kind, { METRICS_PORT: String(await freePort()) });
    known = app.nest
      .get(Metrics)
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
  });
  afterAll(() => app.close());

  it.each([RULES, DASHBOARD])('%s uses only existing metrics', async (file) => {
    const asked = namesIn(await readFile(file, 'utf8'));
    expect(asked.length).toBeGreaterThan(5);
    const missing = asked.filter((name) => !known.includes(name));
    // Only PostgreSQL has a pool, so on SQLite this metric is missing.
    const isPool = (name: string) => kind === 'sqlite' && name === 'tallychat_database_connections';
    expect(missing.filter((name) => !isPool(name))).toEqual([]);
  });

  it('describe every metric in docs/operations.md', async () => {
    const docs = await readFile('docs/operations.md', 'utf8');
    const ours = known.filter((name) => name.startsWith('tallychat_'));
    expect(ours.filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
  });

  it('describe the action for every alert in docs/operations.md', async () => {
    const [rules, docs] = await Promise.all([
      readFile(RULES, 'utf8'),
      readFile('docs/operations.md', 'utf8'),
    ]);
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name ?? '');
    expect(alerts.length).toBeGreaterThan(5);
    expect(alerts.filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
  });

  const promtool = hasProgram('promtool', '--version') ? it : it.skip;
  promtool('has rules that promtool accepts (skipped where there is no promtool)', () => {
    const said = execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
    expect(said).toContain('SUCCESS');
  });
});
