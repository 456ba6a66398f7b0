import { describe, expect, it } from '@jest/globals';
import { InvalidConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { modelsFile } from '../support/models-file.js';

const KEY = 'sk-nobody-may-read-this-one';
const OPENAI = { OPENAI_API_KEY: KEY, OPENAI_MODELS: 'gpt-4o-mini, gpt-4.1' };
const GEMINI = { GEMINI_API_KEY: 'AIza-gemini', GEMINI_MODELS: 'gemini-2.5-flash' };

const idsOf = (env: Record<string, string>) => loadConfig(env).models.map(({ id }) => id);

/** Returns the lines of the error. Fails if the settings are accepted. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.message.split('\n  ').slice(1);
  }
  throw new Error('these settings are taken');
}

describe('models named by settings alone', () => {
  it('are those of OpenAI, each at PRICE_PER_MESSAGE and under its own name', () => {
    const { models, providers, hints } = loadConfig({ ...OPENAI, PRICE_PER_MESSAGE: '7' });
    expect(models).toEqual(
      ['gpt-4o-mini', 'gpt-4.1'].map((id) => ({
        ...{ id, provider: 'openai', upstream: id, price: { perMessage: 7 } },
        ...{ contextTokens: 128_000, maxTokens: 4096, maxTokensField: 'max_tokens' },
      })),
    );
    expect(providers).toEqual([
      { name: 'openai', baseUrl: 'https://api.openai.com/v1', apiKey: KEY },
    ]);
    expect(hints).toEqual([]);
  });

  it('are those of Gemini at its compatible address, after those of OpenAI', () => {
    expect(loadConfig(GEMINI).providers).toEqual([
      {
        name: 'gemini',
        baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
        apiKey: GEMINI.GEMINI_API_KEY,
      },
    ]);
    expect(idsOf({ ...GEMINI, ...OPENAI })).toEqual(['gpt-4o-mini', 'gpt-4.1', 'gemini-2.5-flash']);
  });

  it('are those of another server, with a key or without', () => {
    const local = { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1', OPENAI_MODELS: 'llama3.2:1b' };
    const keyOf = (env: Record<string, string>) => loadConfig(env).providers[0]?.apiKey;
    expect(loadConfig(local).providers[0]?.baseUrl).toBe(local.OPENAI_BASE_URL);
    expect(keyOf(local)).toBeUndefined();
    expect(keyOf({ ...local, OPENAI_API_KEY: ` ${KEY}\n` })).toBe(KEY);
  });

  it.each([
    [{ OPENAI_API_KEY: KEY }, 'OPENAI_API_KEY is set', 'OPENAI_MODELS='],
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }, 'OPENAI_BASE_URL is set', 'OPENAI_MODELS='],
    [{ GEMINI_API_KEY: KEY }, 'GEMINI_API_KEY is set', 'GEMINI_MODELS='],
  ])('are none with %j, and one log line names the missing setting', (env, given, missing) => {
    const { models, providers, hints } = loadConfig(env);
    expect([models, providers]).toEqual([[], []]);
    expect(hints).toEqual([expect.stringContaining(given)]);
    expect(hints[0]).toContain(missing);
    expect(hints[0]).not.toContain(KEY);
  });

  it('are ignored beside MODELS_FILE, with one log line; a key alone is not logged', () => {
    const file = modelsFile({ models: [] });
    expect(idsOf({ ...file, ...OPENAI })).toEqual([]);
    expect(loadConfig({ ...file, ...OPENAI }).hints).toEqual([
      expect.stringContaining('OPENAI_MODELS is ignored'),
    ]);
    expect(loadConfig({ ...file, OPENAI_API_KEY: KEY }).hints).toEqual([]);
  });

  it.each([
    [{ OPENAI_MODELS: 'a,,b' }, 'OPENAI_MODELS: must not have an empty name between its commas'],
    [{ OPENAI_MODELS: 'a,' }, 'OPENAI_MODELS: must not have an empty name between its commas'],
    [{ OPENAI_MODELS: ',' }, 'OPENAI_MODELS: must not have an empty name between its commas'],
    [{ OPENAI_MODELS: 'a, b ,a' }, 'OPENAI_MODELS: names a twice'],
    [{ OPENAI_MODELS: 'a,echo' }, 'OPENAI_MODELS: must not name echo, which is built in'],
    [{ OPENAI_MODELS: 'a b' }, 'OPENAI_MODELS: must be names of 1 to 100 letters'],
    [{ OPENAI_MODELS: 'a'.repeat(101) }, 'OPENAI_MODELS: must be names of 1 to 100 letters'],
    [{ GEMINI_MODELS: 'gpt-4.1' }, 'GEMINI_MODELS: names gpt-4.1, which OPENAI_MODELS names too'],
    [{ OPENAI_BASE_URL: 'localhost:11434/v1' }, 'OPENAI_BASE_URL: must be an http or https URL'],
    [{ OPENAI_BASE_URL: `https://a:${KEY}@b/v1` }, 'OPENAI_BASE_URL: must be an http or https URL'],
    [{ OPENAI_API_KEY: `${KEY} x` }, 'OPENAI_API_KEY: must be one word of printable ASCII'],
    [{ OPENAI_API_KEY: '', OPENAI_BASE_URL: '' }, 'OPENAI_MODELS: needs OPENAI_API_KEY, or'],
    [{ GEMINI_API_KEY: '' }, 'GEMINI_MODELS: needs GEMINI_API_KEY'],
  ])('stop the start with %j, with one sentence and without a key', (change, sentence) => {
    const problems = problemsOf({ ...OPENAI, ...GEMINI, ...change });
    expect(problems).toEqual([expect.stringContaining(sentence)]);
    expect(problems[0]).not.toContain(KEY);
  });
});
