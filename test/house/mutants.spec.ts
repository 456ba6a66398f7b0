import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';

describe('the changes that npm run mutants:sql tries', () => {
  it('are parts of the sources', async () => {
    const path = pathToFileURL('test/mutants/sql-changes.js').href;
    const { CHANGES } = (await import(path)) as {
      CHANGES: Readonly<Record<string, readonly (readonly [string, string])[]>>;
    };
    const missing = Object.entries(CHANGES).flatMap(([file, changes]) => {
      const source = readFileSync(file.replace(/\.js$/, '.ts'), 'utf8');
      return changes.filter(([from]) => !source.includes(from)).map(([from]) => [file, from]);
    });
    expect(missing).toEqual([]);
    expect(Object.keys(CHANGES).length).toBeGreaterThan(10);
  });
});
