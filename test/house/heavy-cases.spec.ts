import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const { href } = new URL('../support/heavy.js', import.meta.url);
const { HEAVY_CASES, HEAVY_RUN } = (await import(href)) as Record<string, string[]>;
const listed = [...(HEAVY_RUN ?? []), ...(HEAVY_CASES ?? [])];

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path}`)
  .filter((path) => /\.(spec|suite)\.ts$/.test(path));
const textOf = (path: string) => readFileSync(path, 'utf8');
const hasCase = (path: string) => /\b(?:itAtFullEffort|itLightOnSqlite)\b/.test(textOf(path));

/** Suites with a heavy case, by the name that a spec imports. */
const suites = files
  .filter((path) => path.endsWith('.suite.ts') && hasCase(path))
  .map((path) => basename(path, '.ts'));

const imports = (path: string, suite: string) => textOf(path).includes(`/${suite}.js'`);

describe('heavy cases', () => {
  it('are in files that heavy.js lists, so that .ci/run runs them', () => {
    const specs = files.filter(
      (path) =>
        path.endsWith('.spec.ts') &&
        path !== 'test/house/heavy-cases.spec.ts' &&
        (hasCase(path) || suites.some((suite) => imports(path, suite))),
    );
    expect(specs.length).toBeGreaterThan(10);
    expect(specs.filter((path) => !listed.includes(path))).toEqual([]);
    expect(HEAVY_CASES?.filter((path) => !specs.includes(path))).toEqual([]);
  });
});
