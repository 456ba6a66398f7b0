import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { reach } from './tidy/reach.js';
import { parse, readTree, type Breach, type Source } from './tidy/source.js';
import { FLOOR_PLAN, structure } from './tidy/structure.js';
import { tables } from './tidy/tables.js';
import { wording } from './tidy/wording.js';

/** Breaches that the rules allow, and why. An exception that is no longer needed also fails. */
const EXCEPTIONS: readonly (Breach & { readonly why: string })[] = [
  {
    path: 'src/app.setup.ts',
    what: 'DataSource',
    why: 'asks Nest for the one there is, and hands it to the migrations',
  },
];

const isException = ({ path, what }: Breach) =>
  EXCEPTIONS.some((excuse) => excuse.path === path && excuse.what === what);

const rules = [...structure, ...tables, ...reach, ...wording];

describe('the house rules', () => {
  let tree: Source[];
  beforeAll(() => {
    tree = readTree();
  });

  it.each(rules)('hold: $name', ({ breaches }) => {
    expect(breaches(tree).filter((breach) => !isException(breach))).toEqual([]);
  });

  it.each(rules)('detect their counterexamples: $name', ({ breaches, counterExamples }) => {
    for (const files of counterExamples) {
      const example = Object.entries(files).map(([path, text]) => parse(path, text));
      expect([files, breaches(example).length]).not.toEqual([files, 0]);
    }
  });

  it('are in docs/ARCHITECTURE.md: its floor plan is that of the rule', () => {
    const text = readFileSync('docs/ARCHITECTURE.md', 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` +\|[^|]*\| ([a-z, ]*)\|$/gm)];
    const drawn = rows.map(([, room, list = '']) => [
      room,
      list.trim().split(', ').filter(Boolean),
    ]);
    expect(Object.fromEntries(drawn)).toEqual(FLOOR_PLAN.rooms);
  });

  it('contain no unnecessary exception', () => {
    const found = rules.flatMap(({ breaches }) => breaches(tree));
    const stale = EXCEPTIONS.filter(
      ({ path, what }) => !found.some((breach) => breach.path === path && breach.what === what),
    );
    expect(stale).toEqual([]);
  });
});
