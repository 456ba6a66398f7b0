import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageAssets } from '../../src/web/page-assets.js';
import { TestApp } from '../support/app.js';

const FOLDER = 'src/web/page';
const LINES_MAX = 1500;
const FIRST_VIEW_MAX_BYTES = 200_000;

/** Returns the content of a file of the page. Returns an empty text for a library's file. */
function readPageFile(name: string): string {
  const path = join(FOLDER, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

describe('GET /', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start('sqlite', { OPENING_GRANT: '250' });
  });
  afterAll(() => app.close());

  const get = (path: string, accept = '*/*') => app.send({ path, headers: { Accept: accept } });

  /** Returns the paths of the files that the document names. */
  async function named(): Promise<string[]> {
    const { raw } = await get('/', 'text/html');
    const links = [...raw.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)];
    return [...new Set(links.map(([, link = '']) => `/${link}`))];
  }

  it('is a document with a policy against inline code, and is revalidated each time', async () => {
    const { status, headers, raw } = await get('/', 'text/html');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['cache-control']).toBe('no-cache');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(raw).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/);
    expect(raw).toContain('data-opening-grant="250"');
  });

  it('names files that a browser may cache forever, under 200 KB with the document', async () => {
    const paths = await named();
    expect(paths.length).toBeGreaterThan(20);
    let bytes = (await get('/', 'text/html')).raw.length;
    for (const path of paths) {
      const type = path.endsWith('.css') ? 'text/css' : 'text/javascript';
      const { status, headers, raw } = await get(path, type);
      expect([path, status, headers['content-type']]).toEqual([
        path,
        200,
        `${type}; charset=utf-8`,
      ]);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      bytes += Buffer.byteLength(raw);
    }
    expect(bytes).toBeLessThan(FIRST_VIEW_MAX_BYTES);
  });

  it('preloads the imports of the login first', async () => {
    const names = (await named()).map((path) => path.split('/').at(-1) ?? '');
    const needed = new Set(['base.css', 'layout.css', 'page.js']);
    for (const name of needed) {
      const imports = readPageFile(name).matchAll(/^(?:import|export) .* from '\.\/(.*)';$/gm);
      for (const [, imported = ''] of imports) needed.add(imported);
    }
    expect(new Set(names.slice(0, needed.size))).toEqual(needed);
    expect(needed).not.toContain('marked.js');
  });

  it('serves the account page’s files from the same folder', async () => {
    const folder = (await named())[0]?.replace(/[^/]+$/, '') ?? '';
    for (const name of ['account.js', 'console.js', 'list.js']) {
      expect((await named()).some((path) => path.endsWith(name))).toBe(false);
      expect((await get(folder + name)).status).toBe(200);
    }
  });

  it('serves the current file to an old tab, without caching', async () => {
    const { status, headers } = await get('/assets/0123456789abcdef/page.js');
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache']);
  });

  it.each(['package.json', 'index.html', '..%2findex.html', 'constructor', '__proto__'])(
    'serves nothing else from the folder: %s is not found',
    async (file) => {
      const { status, body } = await get(`/assets/0123456789abcdef/${file}`);
      expect([status, body]).toEqual([404, { detail: 'Not found.', code: 'not_found' }]);
    },
  );
});

describe('PageAssets', () => {
  it('writes into the document whether registration is open', () => {
    const documentOf = (isRegistrationOpen: boolean) =>
      new PageAssets({ openingGrant: 1, isRegistrationOpen }).document;
    expect(documentOf(true)).toContain('data-registration="open"');
    expect(documentOf(false)).toContain('data-registration="closed"');
  });
});

describe('the page folder', () => {
  const files = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name), 'utf8'));

  it('has at most 1,500 lines of code, without blank lines and comments', () => {
    const lines = files.flatMap((text) => text.split('\n'));
    const code = lines.filter((line) => !/^\s*(\/\/|\/\*|\*\s|\*\/|<!--|$)/.test(line));
    expect(code.length).toBeLessThanOrEqual(LINES_MAX);
  });

  it('does not build HTML from text itself', () => {
    const writers = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/i;
    expect(files.filter((text) => writers.test(text))).toEqual([]);
  });
});
