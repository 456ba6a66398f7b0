import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { examineModels } from '../../src/models/doctor.js';
import { runIn } from '../support/command.js';
import { PROVIDER_KEY, modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const WRONG_KEY = 'sk-a-key-that-nobody-gave-out';

const refuses =
  (status: number, error: object): Behaviour =>
  (call) => {
    call.open(status, 'application/json').response.end(JSON.stringify({ error }));
  };

describe('the doctor of the models', () => {
  let upstream: Upstream;
  let gone: string;
  beforeAll(async () => {
    upstream = await Upstream.start({
      good: async (call) => {
        if (call.headers.authorization !== `Bearer ${PROVIDER_KEY}`) {
          await refuses(401, { message: `Incorrect API key provided: ${WRONG_KEY}` })(call);
          return;
        }
        call.open();
        await call.delta('Ready');
        // The answer continues without end. The doctor reads one word, and aborts it.
        await call.aborted;
      },
      absent: refuses(404, { message: 'no such model', code: 'model_not_found' }),
      'gemini-key': refuses(400, { message: 'API key not valid. Please pass a valid API key.' }),
      'mistral-name': refuses(400, { message: 'Invalid model: mistral-name' }),
      limit: refuses(400, { message: 'max_tokens is too large: 500. It may be 400.' }),
      poor: refuses(429, { message: 'You exceeded your quota', code: 'insufficient_quota' }),
      busy: refuses(503, { message: 'overloaded' }),
      page: (call) => {
        call.open(200, 'text/html').response.end('<html>');
      },
      mute: async (call) => {
        call.open();
        await call.finish();
        await call.end();
      },
      silent: (call) => call.aborted,
    });
    const stoppedUpstream = await Upstream.start({});
    gone = stoppedUpstream.baseUrl;
    await stoppedUpstream.stop();
  });
  afterAll(() => upstream.stop());

  /** Returns the table's cells by model, and whether all models work. */
  async function examine(models: readonly (readonly [provider: string, upstream: string])[]) {
    const file = modelsFile({
      providers: {
        good: { baseUrl: upstream.baseUrl, apiKeyEnv: 'TEST_PROVIDER_KEY' },
        bare: { baseUrl: upstream.baseUrl },
        mistyped: { baseUrl: upstream.baseUrl, apiKeyEnv: 'WRONG' },
        gone: { baseUrl: gone },
      },
      models: models.map(([provider, name]) => ({
        ...{ id: `${provider}-${name}`, provider, upstream: name },
        ...{ price: { per1kPrompt: 2, per1kCompletion: 8 }, contextTokens: 4000, maxTokens: 500 },
      })),
    });
    const lines: string[] = [];
    const config = loadConfig({ ...file, WRONG: WRONG_KEY });
    const isWell = await examineModels(config, (line) => lines.push(line), 1000);
    const [head, ...rows] = lines.map((line) => line.split(/ {2,}/));
    expect(head).toEqual([
      ...['model', 'provider', 'key', 'name', 'price', 'first word', 'what went wrong'],
    ]);
    expect(lines.join('\n')).not.toMatch(`${WRONG_KEY}|${PROVIDER_KEY}`);
    return { isWell, rows: new Map(rows.map(([model = '', ...cells]) => [model, cells])) };
  }

  it('reports key, name, price and time of a working model, and stops at the first word', async () => {
    const { isWell, rows } = await examine([['good', 'good']]);
    expect(isWell).toBe(true);
    expect(rows.get('good-good')).toEqual([
      ...['good', 'right', 'right', '2 + 8 per 1,000', expect.stringMatching(/^\d+ ms$/)],
    ]);
    expect(rows.get('echo')).toEqual(['built in', '-', '-', '100 a message', '-']);
    await upstream.last.aborted;
    expect(upstream.last.body).toMatchObject({ model: 'good', max_tokens: 500, stream: true });
  });

  it.each([
    ['mistyped', 'good', 'wrong', '?', 'answered 401: it does not take the key'],
    ['good', 'gemini-key', 'wrong', '?', 'API key not valid'],
    ['good', 'absent', '?', 'wrong', 'answered 404: no such model, or not this baseUrl'],
    ['good', 'mistral-name', 'right', 'wrong', 'Invalid model: mistral-name'],
    ['good', 'limit', 'right', 'right', 'max_tokens is too large'],
    ['good', 'poor', 'right', '?', 'no credit left'],
    ['good', 'busy', '?', '?', 'answered 503'],
    ['good', 'page', '?', '?', 'check the end of baseUrl'],
    ['good', 'mute', 'right', 'right', 'the answer had no word in it'],
    ['good', 'silent', '?', '?', 'no word came within 1 s'],
    ['gone', 'good', '?', '?', 'nothing listens at baseUrl (ECONNREFUSED)'],
  ])('reports that %s/%s has key %s, name %s: %s', async (provider, name, key, right, words) => {
    const calls = upstream.calls.length;
    const { isWell, rows } = await examine([[provider, name]]);
    expect(isWell).toBe(false);
    const cells = rows.get(`${provider}-${name}`) ?? [];
    expect(cells.slice(1, 5)).toEqual([key, right, '2 + 8 per 1,000', '-']);
    expect(cells[5]).toContain(words);
    // Each model is called once, unless its server does not exist.
    expect(upstream.calls.length - calls).toBe(provider === 'gone' ? 0 : 1);
  });

  it('reports a wrong key without waiting for a silent model', async () => {
    const { rows, isWell } = await examine([
      ['good', 'silent'],
      ['mistyped', 'good'],
      ['bare', 'absent'],
    ]);
    expect(isWell).toBe(false);
    expect([...rows.keys()].at(-1)).toBe('good-silent');
  });

  it.each([[['doctor']], [['admin', 'models', 'check']]])(
    'runs with %p, exits with 1 if a model fails, and creates nothing',
    async (words) => {
      const folder = await mkdtemp(join(tmpdir(), 'tallychat-doctor-'));
      const settings = { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: PROVIDER_KEY };
      const well = await runIn(folder, { ...settings, OPENAI_MODELS: 'good' }, ...words);
      expect([well.code, well.stderr]).toEqual([0, '']);
      expect(well.stdout).toMatch(/^good +openai +right +right +100 a message +\d+ ms$/m);
      const ill = await runIn(folder, { ...settings, OPENAI_MODELS: 'good,absent' }, ...words);
      expect(ill.code).toBe(1);
      expect(ill.stdout).toMatch(/^absent +openai +\? +wrong/m);
      expect(well.stdout + ill.stdout + ill.stderr).not.toContain(PROVIDER_KEY);
      expect(await readdir(folder)).toEqual([]);
      await rm(folder, { recursive: true });
    },
  );
});
