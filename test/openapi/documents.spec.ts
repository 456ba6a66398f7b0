import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codeFiles } from '../support/code-files.js';

const below = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));

const documents = [...readdirSync('.'), ...below('docs'), ...below('test')].filter((path) =>
  path.endsWith('.md'),
);

/** Returns the fragment of a link to a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) => anchorOf(heading));
}

function isBroken(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : normalize(join(dirname(from), path));
  if (!existsSync(target)) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  it('has no broken links', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const ours = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(ours.filter((link) => isBroken(document, link))).toEqual([]);
  });

  it('names only existing files', () => {
    const named = [...text.matchAll(/`((?:src|test|docs|bench)\/[\w./-]+)`/g)];
    const paths = named.map(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('docs/adr', () => {
  it('numbers the decisions without a gap, each with context, decision and consequences', () => {
    const decisions = readdirSync('docs/adr').sort();
    expect(decisions.length).toBeGreaterThan(5);
    for (const [index, file] of decisions.entries()) {
      const text = readFileSync(join('docs/adr', file), 'utf8');
      expect(file.slice(0, 5)).toBe(`${String(index + 1).padStart(4, '0')}-`);
      expect(text).toMatch(new RegExp(`^# ${String(index + 1)}\\. `));
      expect(text.match(/^## .+$/gm)).toEqual(['## Context', '## Decision', '## Consequences']);
    }
  });
});

describe('the code', () => {
  it('names only existing documents', () => {
    const named = codeFiles().flatMap(({ text }) => text.match(/\bdocs\/[\w/-]+\.md\b/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });
});
