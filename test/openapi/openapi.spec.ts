import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject, SchemaObject } from '@nestjs/swagger';
import { RouteTable } from '../../src/http/route-table.js';
import { ApiWalk, type BodyType } from '../support/api-walk.js';
import { TestApp } from '../support/app.js';
import { isPageFile, operationsOf, responseOf } from '../support/document.js';

const documentOf = async (app: TestApp) =>
  (await app.send({ path: '/api/schema/' })).body as OpenAPIObject;

const BODY_TYPES: BodyType[] = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
];

describe('GET /api/schema/', () => {
  let app: TestApp;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { MESSAGE_MAX_CHARS: '5000', PRICE_PER_MESSAGE: '250' });
    document = await documentOf(app);
  });
  afterAll(() => app.close());

  it('passes the linter without an error or a warning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-'));
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const cli = 'node_modules/@redocly/cli/bin/cli.js';
    const silent = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [cli, 'lint', file, '--config', 'redocly.yaml', '--format', 'json'],
      { env: silent },
    ).catch((error: unknown) => error as { stdout: string });
    await rm(folder, { recursive: true });
    const { totals, problems } = JSON.parse(stdout) as { totals: object; problems: unknown[] };
    expect(problems).toEqual([]);
    expect(totals).toEqual({ errors: 0, warnings: 0, ignored: 0 });
  });

  it('contains exactly the served routes', () => {
    const served = app.nest
      .get(RouteTable)
      .all()
      // Each GET route also has HEAD.
      .filter(({ method, path }) => method !== 'HEAD' && !isPageFile(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = operationsOf(document).map(
      ({ method, path }) => `${method} ${path.replace(/(?<=.)\/$/, '')}`,
    );
    expect(described.sort()).toEqual(served.sort());
  });

  it('writes paths below /api/ with their last slash', () => {
    const paths = Object.keys(document.paths);
    expect(paths.filter((path) => path.startsWith('/api/') && !path.endsWith('/'))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['/api/chat/', '/health/live']));
  });

  it('names, groups and sums up each operation, and says when each answer is given', () => {
    const operations = operationsOf(document);
    const tags = new Set(document.tags?.map(({ name }) => name));
    for (const operation of operations) {
      expect(operation).toMatchObject({ operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/) });
      expect(operation.summary).toBeTruthy();
      expect(operation.tags?.every((tag) => tags.has(tag))).toBe(true);
      for (const status of Object.keys(operation.responses)) {
        const response = responseOf(document, operation, status);
        expect([operation.operationId, status, response?.description]).not.toContain('');
      }
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes each field of each schema', () => {
    const fields = Object.entries(document.components?.schemas ?? {}).flatMap(([name, schema]) =>
      Object.entries((schema as SchemaObject).properties ?? {}).map(([key, field]) => ({
        name: `${name}.${key}`,
        field: field as SchemaObject,
      })),
    );
    expect(fields.length).toBeGreaterThan(20);
    expect(fields.filter(({ field }) => !field.description)).toEqual([]);
    const typeless = fields.filter(
      ({ field }) =>
        !field.type && !field.allOf && !field.oneOf && !field.anyOf && !('$ref' in field),
    );
    expect(typeless).toEqual([]);
  });

  it('asks for credentials where the server does', () => {
    const routes = app.nest.get(RouteTable);
    for (const operation of operationsOf(document)) {
      const isOpen = routes.find(operation.path)?.isPublic;
      expect([operation.path, operation.security]).toEqual([
        operation.path,
        isOpen ? [] : undefined,
      ]);
    }
    expect(document.security).toEqual([{ bearer: [] }, { token: [] }]);
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      token: { type: 'apiKey', in: 'header', name: 'Authorization' },
    });
  });

  it('describes once the errors of every route', () => {
    for (const operation of operationsOf(document)) {
      const isOpenAi = operation.path.startsWith('/v1');
      expect(operation.responses['default']).toEqual({
        $ref: `#/components/responses/${isOpenAi ? 'OpenAiRefusal' : 'Refusal'}`,
      });
      for (const status of ['405', '406', '415', '431', '500']) {
        expect([operation.operationId, operation.responses]).not.toHaveProperty(['1', status]);
      }
    }
    const refusal = responseOf(
      document,
      { responses: document.components?.responses } as never,
      'Refusal',
    );
    expect(refusal?.headers).toMatchObject({
      'WWW-Authenticate': { required: false },
      Allow: { required: false },
      'Retry-After': { required: false },
    });
    for (const status of [400, 401, 403, 404, 405, 406, 413, 415, 429, 431, 500, 503]) {
      expect(document.info.description).toContain(`\n| ${String(status)} | `);
    }
  });

  it('names no schema after a class', () => {
    const names = Object.keys(document.components?.schemas ?? {});
    expect(names).toContain('ChatAnswer');
    expect(names.filter((name) => name.endsWith('Dto'))).toEqual([]);
    expect(JSON.stringify(document)).not.toMatch(/schemas\/\w+Dto"/);
  });

  it('describes every answer of a chat', () => {
    const chat = document.paths['/api/chat/']?.post;
    if (!chat) throw new Error('no POST /api/chat/');
    const statuses = [200, 400, 402, 403, 404, 409, 413, 422, 502, 503, 504];
    expect(Object.keys(chat.responses)).toEqual([...statuses.map(String), 'default']);
    const headersOf = (status: number) =>
      Object.keys(responseOf(document, chat, status)?.headers ?? {});
    expect(headersOf(200)).toEqual(
      expect.arrayContaining(['Tokens-Charged', 'Tokens-Balance', 'Turn-Id', 'Conversation-Id']),
    );
    expect(headersOf(402)).toEqual(
      expect.arrayContaining(['Tokens-Required', 'Tokens-Available', 'Tokens-Limit']),
    );
    expect(headersOf(503)).toContain('Retry-After');
    const { content } = responseOf(document, chat, 402) ?? {};
    expect(content?.['application/json']).toMatchObject({
      schema: { $ref: '#/components/schemas/InsufficientTokens' },
      examples: { insufficient_tokens: { value: { error: 'Insufficient tokens' } } },
    });
    const { content: bodies } = chat.requestBody as { content: object };
    expect(Object.keys(bodies)).toEqual(BODY_TYPES);
  });

  it('contains the configured limits and prices, not the defaults', async () => {
    expect(document.components?.schemas?.['Chat']).toMatchObject({
      required: ['message'],
      properties: { message: { type: 'string', minLength: 1, maxLength: 5000 } },
    });
    expect(document.info.description).toContain('a message costs 250');
    const ada = await app.newUser();
    expect((await ada.chat('x'.repeat(5000))).status).toBe(200);
    expect((await ada.chat('x'.repeat(5001))).status).toBe(400);
    expect(await ada.balance()).toBe(3750);
  });

  it('has the version of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(document.info.version).toBe(version);
  });
});

describe.each<BodyType>(BODY_TYPES)('the examples of the schema, as %s', (type) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('are answered as documented, from the registration to the logout', async () => {
    const document = await documentOf(app);
    const walk = new ApiWalk(app, document, type);
    await walk.run();
    expect(walk.unexpected).toEqual([]);
    const reached = walk.steps.map(({ id }) => id);
    const missed = operationsOf(document)
      .map(({ operationId }) => operationId)
      .filter((id) => !reached.includes(id));
    // Only a running answer can be stopped. test/chat/stop.spec.ts tests this.
    expect(missed).toEqual(['stopAnswer']);
    expect(await app.database.count('turns')).toBe(type === 'application/json' ? 5 : 4);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
