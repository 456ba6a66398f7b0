import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';

const BROWSER_ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('GET /api/docs/', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  const get = (path: string, accept = '*/*') => app.send({ path, headers: { Accept: accept } });

  /** Returns the files that the page names, as paths that a browser at `path` would request. */
  async function filesOf(path: string): Promise<string[]> {
    const { raw } = await get(path, BROWSER_ACCEPT);
    const links = [...raw.matchAll(/<(?:link|script)\b[^>]* (?:src|href)="([^"]+)"/g)].map(
      ([, link]) => link ?? '',
    );
    return links.map((link) => new URL(link, app.url + path).pathname);
  }

  it.each(['/api/docs/', '/api/docs', '/api/docs/?x=1', '/api/docs?x=/'])(
    'is a page at %s, with all files from this service',
    async (path) => {
      const page = await get(path, BROWSER_ACCEPT);
      expect([page.status, page.headers['content-type']]).toEqual([
        200,
        'text/html; charset=utf-8',
      ]);
      expect(page.raw).not.toMatch(/https?:/);
      expect(page.headers['content-security-policy']).toContain("script-src 'self';");
      const files = await filesOf(path);
      expect(files).toEqual([
        '/api/docs/favicon-32x32.png',
        '/api/docs/swagger-ui.css',
        '/api/docs/docs.css',
        '/api/docs/swagger-ui-bundle.js',
        '/api/docs/start.js',
      ]);
    },
  );

  it.each([
    ['favicon-32x32.png', 'image/png', 'image/avif,image/png'],
    ['swagger-ui.css', 'text/css; charset=utf-8', 'text/css'],
    ['docs.css', 'text/css; charset=utf-8', 'text/css'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'text/javascript'],
    ['start.js', 'text/javascript; charset=utf-8', 'text/javascript'],
  ])('serves %s as %s, also to a client that accepts nothing else', async (file, type, accept) => {
    const { status, headers, raw } = await get(`/api/docs/${file}`, accept);
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(raw.length).toBeGreaterThan(100);
  });

  it.each(['package.json', 'index.html', '..%2fpackage.json', 'constructor'])(
    'serves nothing else of the package: %s is not found',
    async (file) => {
      const { status, body } = await get(`/api/docs/${file}`);
      expect([status, body]).toEqual([404, { detail: 'Not found.', code: 'not_found' }]);
    },
  );

  it('loads the schema of this service, and calls no external validator', async () => {
    const { raw } = await get('/api/docs/start.js');
    expect(raw).toContain("new URL('../schema/', script)");
    expect(raw).toContain('validatorUrl: null');
    const schema = await get('/api/schema/');
    expect([schema.status, schema.headers['content-type']]).toEqual([200, 'application/json']);
    expect(schema.body).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/' }] });
    expect(Object.keys(schema.body.paths as object)).toContain('/api/token-balance/');
  });

  it.each(['/api/docs/', '/api/schema/'])('answers 405 to a POST of %s', async (path) => {
    const { status, headers } = await app.post(path, {});
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});
