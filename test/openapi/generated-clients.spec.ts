import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { Conformance } from '../support/conformance.js';
import {
  COMPILER_OPTIONS,
  HEY_SESSION,
  POSTMAN_RUN,
  TYPESCRIPT_SESSION,
  type ClientSession,
} from '../support/generated-sessions.js';
import { ScratchProject } from '../support/scratch-project.js';

const PACKAGES = {
  typescript: '6.0.3',
  'openapi-typescript': '7.13.0',
  'openapi-fetch': '0.17.0',
  '@hey-api/openapi-ts': '0.95.0',
  '@stoplight/spectral-cli': '6.16.3',
  'openapi-to-postmanv2': '6.3.3',
  newman: '6.2.2',
};
/** It works with TypeScript 6, but its peer dependencies do not allow it. */
const OVERRIDES = { 'openapi-typescript': { typescript: '$typescript' } };

const ECHOED = "This is a dummy AI response to your message: '";

const STORY: ClientSession = {
  registered: 'User registered successfully',
  answer: `${ECHOED}Hello'`,
  tokens: 400,
  events: expect.arrayContaining(['turn,conversation', 'text']) as unknown as string[],
  streamed: `${ECHOED}Hi'`,
  charged: 100,
  replayed: [null, 'true'],
  amounts: [-100, -100, -100, -100, -100, 500],
  completed: `${ECHOED}Four'`,
  responded: `${ECHOED}Five'`,
  refused: { status: 402, error: 'Insufficient tokens', needed: '100' },
  invalid: ['message'],
  leaving: [204, 401],
};

type Exchange = Answer & { readonly method: string; readonly path: string };

/** Installed before the tests are defined, because they are skipped without a registry. */
const installed = await ScratchProject.open(PACKAGES, OVERRIDES).catch((error: unknown) => {
  console.warn(`skipped: generated clients, because npm installs no packages: ${String(error)}`);
  return undefined;
});
const suite = installed ? describe : describe.skip;

suite('other tools with GET /api/schema/ (skipped where npm installs no packages)', () => {
  const workshop = installed as ScratchProject;
  let app: TestApp;
  let schema: string;

  afterAll(() => workshop.close());

  beforeEach(async () => {
    app = await TestApp.start('sqlite', { OPENING_GRANT: '500' });
    schema = (await app.send({ path: '/api/schema/' })).raw;
    await workshop.write('openapi.json', schema);
  });
  afterEach(() => app.close());

  it('Spectral finds no breach of its default rules, except the listed ones', async () => {
    await workshop.write('.spectral.yaml', await readFile('.spectral.yaml', 'utf8'));
    const cli = 'node_modules/@stoplight/spectral-cli/dist/index.js';
    const words = ['--format', 'json', '--quiet', '--fail-severity', 'hint'];
    expect(JSON.parse(await workshop.node(cli, 'lint', 'openapi.json', ...words))).toEqual([]);
  }, 120_000);

  /**
   * Compiles a program that imports the generated client, runs it, and compares its output with the README's
   * session.
   */
  async function holdsSession(name: string, program: string): Promise<void> {
    await workshop.write(`${name}.ts`, program);
    const config = { compilerOptions: COMPILER_OPTIONS, files: [`${name}.ts`] };
    await workshop.write('tsconfig.json', JSON.stringify(config));
    await workshop.node('node_modules/typescript/bin/tsc', '--project', 'tsconfig.json');
    const output = await workshop.node(`out/${name}.js`, app.url);
    expect(JSON.parse(output)).toEqual(STORY);
    expect(await app.database.count('turns')).toBe(5);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  }

  it('openapi-typescript generates a client that runs the session of the README', async () => {
    const cli = 'node_modules/openapi-typescript/bin/cli.js';
    await workshop.node(cli, 'openapi.json', '--output', 'api.d.ts');
    await holdsSession('typescript-session', TYPESCRIPT_SESSION);
  }, 300_000);

  it('@hey-api/openapi-ts generates a client that runs the session of the README', async () => {
    const cli = 'node_modules/@hey-api/openapi-ts/bin/run.js';
    await workshop.node(cli, '--input', 'openapi.json', '--output', 'hey');
    await holdsSession('hey-session', HEY_SESSION);
  }, 300_000);

  it.each(['Tags', 'Paths'])(
    'a Postman collection of %s runs in its own order, with the logout last',
    async (folderStrategy) => {
      const conformance = new Conformance(schema);
      const ada = await app.newUser({ tokens: 4000 });
      await app.database.rows('UPDATE users SET is_staff = $1', [true]);
      const options = JSON.stringify({ folderStrategy, parametersResolution: 'Example' });
      await workshop.write('postman.cjs', POSTMAN_RUN);
      const output = await workshop.node('postman.cjs', app.url, ada.token, options);
      const exchanges = JSON.parse(output) as Exchange[];
      const named = exchanges.map(
        ({ method, path, status }) => `${method} ${path} ${String(status)}`,
      );
      const unusable = named.filter((name) => / (401|5\d\d|undefined)$/.test(name));
      // No example of a JWT can be valid.
      expect(unusable.filter((name) => !name.includes(' /api/token/'))).toEqual([]);
      expect(named.findIndex((name) => name.includes('/logout/'))).toBe(named.length - 1);
      expect(named.at(-1)).toBe('POST /api/logout/ 204');
      expect(named.filter((name) => / 2\d\d$/.test(name)).length).toBeGreaterThan(30);
      for (const { method, path, ...answer } of exchanges) {
        const isJson = answer.headers['content-type']?.includes('json');
        const body: unknown = isJson ? JSON.parse(answer.raw) : answer.raw;
        conformance.assert(method, path, { ...answer, body });
      }
      expect(await app.database.unbalancedWallets()).toEqual([]);
    },
    300_000,
  );
});
