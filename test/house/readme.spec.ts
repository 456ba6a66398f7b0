import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SETTINGS } from '../../src/config/settings.js';
import { TestApp } from '../support/app.js';
import type { HttpClient } from '../support/client.js';
import { Service } from '../support/service.js';

const ADDRESS = 'http://127.0.0.1:8000';
const NEXT = '--- next ---';

/** Returns each ```bash block of the text with the ```text block after it: the typed commands and their output. */
function sessionOf(text: string): { typedCommands: string; answeredLines: string }[] {
  const pairs = text.matchAll(/^```bash\n(.*?)^```\n\n^```text\n(.*?)^```$/gms);
  return [...pairs].map(([, typedCommands = '', answeredLines = '']) => ({
    typedCommands,
    answeredLines,
  }));
}

/** Replaces values that differ in each run by the name of their kind. */
const withoutRandomParts = (output: string) =>
  output
    .replaceAll(/\b[\da-f]{40}\b/g, '<access token>')
    .replaceAll(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g, '<moment>')
    .replaceAll(/cursor=[\w-]+/g, 'cursor=<cursor>');

/** Returns the cells of each row of the only table with this heading. */
function tableOf(text: string, heading: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  const start = lines.indexOf(heading);
  expect(start).toBeGreaterThan(-1);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const rows = lines.slice(start + 2, end);
  return rows.map((row) => row.slice(2, -2).split(' | '));
}

const codeSpans = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Runs a script without the settings of who runs the specs, such as a proxy. */
const CLEAN_BASH = 'exec env -i PATH="$PATH" bash --norc -c "$0"';

describe('README.md', () => {
  let readme: string;
  let service: Service;
  let client: HttpClient;
  beforeAll(async () => {
    readme = await readFile('README.md', 'utf8');
    service = await Service.start();
    client = await service.client();
  });
  afterAll(async () => {
    client.close();
    await service.remove();
  });

  it('shows a session that works as described if it is typed into bash', async () => {
    const session = sessionOf(readme);
    expect(session.length).toBeGreaterThan(1);
    const typedCommands = session.map((step) => `${step.typedCommands}echo '${NEXT}'\n`).join('');
    const script = `set -euo pipefail\n${typedCommands.replaceAll(ADDRESS, client.url)}`;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', CLEAN_BASH, script]);
    expect(stderr).toBe('');
    const outputs = stdout.replaceAll(client.url, ADDRESS).split(`${NEXT}\n`);
    expect(outputs.map((output) => withoutRandomParts(output).trimEnd())).toEqual([
      ...session.map(({ answeredLines }) => withoutRandomParts(answeredLines).trimEnd()),
      '',
    ]);
  });

  it('has its two commands on the first screen, followed by a session', () => {
    const screen = readme.split('\n').slice(0, 30).join('\n');
    expect(screen).toContain('npm ci && npm start');
    expect(screen).toContain('npm ci && npm test');
    expect(screen.indexOf('```bash')).toBeGreaterThan(screen.indexOf('npm ci && npm test'));
  });

  it('links to every document', async () => {
    const documents = (await readdir('docs')).filter((name) => name.endsWith('.md'));
    expect(documents.length).toBeGreaterThan(10);
    expect(documents.filter((name) => !readme.includes(`](docs/${name}`))).toEqual([]);
  });

  it('contains no reference tables', () => {
    expect(readme.split('\n').length).toBeLessThan(200);
    expect(readme).not.toContain('| setting | default | meaning |');
  });
});

describe('the tables of docs/', () => {
  const textOf = (name: string) => readFile(`docs/${name}.md`, 'utf8');

  it('list every setting with its default and meaning, and no other', async () => {
    const expected = Object.entries(SETTINGS).map(([name, { default: value, desc }]) => [
      `\`${name}\``,
      value === '' ? '(empty)' : `\`${String(value)}\``,
      desc,
    ]);
    expect(tableOf(await textOf('settings'), '| setting | default | meaning |')).toEqual(expected);
  });

  it('list every code of an error, and no other', async () => {
    const errors = await readFile('src/errors.ts', 'utf8');
    const listed = tableOf(await textOf('errors'), '| status | `code` | when |').flatMap(
      ([, codes]) => codeSpans(codes),
    );
    const thrown = [...errors.matchAll(/readonly code = '(\w+)'/g)].map(([, code = '']) => code);
    // Field errors and the 402 have no code in their bodies. The code that throws a JWT error also passes its code.
    const silent = ['invalid', 'insufficient_tokens'];
    expect(thrown.filter((code) => !listed.includes(code) && !silent.includes(code))).toEqual([]);
    const sources = await Promise.all(
      ['authorization-header', 'authenticator', 'jwt/jwt.controller', 'jwt/jwt.service'].map(
        (stem) => readFile(`src/auth/${stem}.ts`, 'utf8'),
      ),
    );
    const quoted = [errors, ...sources].join('\n');
    expect(listed.filter((code) => !quoted.includes(`'${code}'`))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  it('list exactly the families of routes of the service', async () => {
    const app = await TestApp.start();
    const { body } = await app.send({ path: '/api/schema/' });
    await app.close();
    const served = Object.keys((body as { paths: object }).paths);
    const table = tableOf(await textOf('routes'), '| routes | what for |');
    const listed = table.flatMap(([paths]) => codeSpans(paths));
    expect(served.filter((path) => !listed.some((family) => path.startsWith(family)))).toEqual([]);
    expect(listed.filter((family) => !served.some((path) => path.startsWith(family)))).toEqual([]);
  });
});
