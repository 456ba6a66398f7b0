import { describe, expect, it } from '@jest/globals';
import { InvalidConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { FLAT, METERED, PROVIDER_KEY, modelsFile } from '../support/models-file.js';
import { Service } from '../support/service.js';

const PROVIDERS = {
  one: { baseUrl: 'http://127.0.0.1:9/v1', apiKeyEnv: 'TEST_PROVIDER_KEY' },
  two: { baseUrl: 'https://models.test/v1' },
};
const MODEL = {
  ...{ id: 'fast', provider: 'one', upstream: 'fast-1', price: METERED },
  ...{ contextTokens: 4000, maxTokens: 500 },
};

/** Returns the lines of the error for a models file. Returns none if the file is accepted. */
function problemsOf(content: unknown, others: Record<string, string> = {}): string[] {
  try {
    loadConfig({ ...modelsFile(content), ...others });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidConfig);
    const [head, ...lines] = (error as Error).message.split('\n');
    expect(head).toBe('These settings are wrong:');
    return lines.map((line) => line.trim().replace('MODELS_FILE: ', ''));
  }
}

const withModel = (change: object) => ({
  providers: PROVIDERS,
  models: [{ ...MODEL, ...change }],
});

describe('MODELS_FILE', () => {
  it('defines models of several providers, flat and per token, in its order', () => {
    const house = { ...MODEL, id: 'house', provider: 'two', price: FLAT };
    const config = loadConfig(modelsFile({ providers: PROVIDERS, models: [MODEL, house] }));
    expect(config.models).toEqual([
      { ...MODEL, maxTokensField: 'max_tokens' },
      { ...house, maxTokensField: 'max_tokens' },
    ]);
    expect(config.providers).toEqual([
      { name: 'one', baseUrl: 'http://127.0.0.1:9/v1', apiKey: PROVIDER_KEY },
      { name: 'two', baseUrl: 'https://models.test/v1', apiKey: undefined },
    ]);
  });

  it('may be empty: then echo is the only model', () => {
    expect(loadConfig({}).models).toEqual([]);
  });

  it('accepts an explicit price of 0', () => {
    expect(problemsOf(withModel({ price: { perMessage: 0 } }))).toEqual([]);
    expect(problemsOf(withModel({ price: { per1kPrompt: 0, per1kCompletion: 0 } }))).toEqual([]);
  });

  it.each([
    ['missing', undefined, ['is missing']],
    ['empty', {}, ['per1kPrompt', 'per1kCompletion']],
    ['half', { per1kPrompt: 1 }, ['per1kCompletion']],
    ['both', { perMessage: 1, per1kPrompt: 1 }, ['not both']],
    ['negative', { perMessage: -1 }, ['perMessage']],
    ['negative per token', { per1kPrompt: 1, per1kCompletion: -1 }, ['per1kCompletion']],
    ['a fraction', { perMessage: 0.5 }, ['perMessage']],
    ['text', { perMessage: '100' }, ['perMessage']],
    ['null', { perMessage: null }, ['perMessage']],
    ['beyond what stays exact', { perMessage: 1e15 }, ['perMessage']],
  ])('refuses a price that is %s', (_, price, named) => {
    const problems = problemsOf(withModel({ price }));
    expect(problems).toHaveLength(named.length);
    named.forEach((name, n) => {
      expect(problems[n]).toContain(`models[0].price`);
      expect(problems[n]).toContain(name);
    });
  });

  it.each([
    [{ provider: 'three' }, 'models[0].provider must be echo or one of providers'],
    [{ id: 'two words' }, 'models[0].id must be 1 to 100 letters, digits or . _ - : / @'],
    [{ upstream: '' }, "models[0].upstream must be the model's name at its provider"],
    [{ contextTokens: 0 }, 'models[0].contextTokens must be a whole number from 1 to 10000000'],
    [{ maxTokens: 4001 }, 'models[0].maxTokens must fit in contextTokens'],
    [{ maxTokensField: 'most' }, 'models[0].maxTokensField must be max_tokens'],
    [{ maxToken: 5 }, 'models[0].maxToken is not a known field'],
    [{ scopes: ['spend'] }, 'models[0].scopes must be a list of chat, history, wallet'],
    [{ scopes: [] }, 'models[0].scopes must be a list of chat, history, wallet'],
    [{ scopes: 'chat' }, 'models[0].scopes must be a list of chat, history, wallet'],
    [{ keys: ['my key'] }, 'models[0].keys must be a list of ids of API keys'],
  ])('refuses a model with %p', (change, problem) => {
    expect(problemsOf(withModel(change)).join('\n')).toContain(problem);
  });

  it('accepts prices per million, for cached prompts and for pictures, and the speed of thinking', () => {
    const priced = (price: object) => loadConfig(modelsFile(withModel({ price }))).models[0]?.price;
    const byMillion = { perMillionPrompt: 3, perMillionCompletion: 15, perMillionCachedPrompt: 0 };
    expect(priced(byMillion)).toEqual(byMillion);
    const by1k = { per1kPrompt: 3, per1kCompletion: 15, per1kCachedPrompt: 1 };
    expect(priced(by1k)).toEqual(by1k);
    const pictures = { imageTokens: 800, imagesMax: 0 };
    expect(loadConfig(modelsFile(withModel(pictures))).models[0]).toMatchObject(pictures);
    const thinking = { unseenThinkingPerSecond: 100 };
    expect(loadConfig(modelsFile(withModel(thinking))).models[0]).toMatchObject(thinking);
  });

  it.each([
    [{ price: { perMillionPrompt: 1 } }, 'perMillionCompletion must be a whole number'],
    [{ price: { perMillionPrompt: 1, per1kCompletion: 1 } }, 'models[0].price must be'],
    [{ price: { perMessage: 1, perMillionPrompt: 1 } }, 'models[0].price must be'],
    [
      { price: { per1kPrompt: 1, per1kCompletion: 1, per1kCachedPrompt: 2 } },
      'models[0].price.per1kCachedPrompt must be a whole number from 0 to 1',
    ],
    [{ imageTokens: 0 }, 'models[0].imageTokens must be a whole number from 1'],
    [
      { unseenThinkingPerSecond: 0 },
      'models[0].unseenThinkingPerSecond must be a whole number from 1',
    ],
    [{ imagesMax: -1 }, 'models[0].imagesMax must be a whole number from 0'],
  ])('refuses %j', (change, problem) => {
    expect(problemsOf(withModel(change)).join('\n')).toContain(problem);
  });

  it('refuses a provider without a URL, without its key, or with the name of the built-in one', () => {
    const providers = {
      one: { baseUrl: 'ftp://models.test', apiKeyEnv: 'NOT_SET_ANYWHERE' },
      echo: { baseUrl: 'http://127.0.0.1:9/v1' },
    };
    expect(problemsOf({ providers, models: [] })).toEqual([
      'providers.one.baseUrl must be an http or https URL without credentials or query',
      'providers.one.apiKeyEnv must name an environment variable that is set',
      'providers.echo is built in: choose another name',
    ]);
  });

  it('accepts several keys and addresses of a provider, in pairs, or several of one kind', () => {
    const env = { ONE: 'sk-1', TWO: 'sk-2' };
    const placesOf = (one: object) =>
      loadConfig({ ...modelsFile({ providers: { one }, models: [] }), ...env }).providers.map(
        ({ name, baseUrl, apiKey }) => [name, baseUrl, apiKey],
      );
    const [a, b] = ['http://a.test/v1', 'http://b.test/v1'];
    const apiKeyEnv = ['ONE', 'TWO'];
    expect(placesOf({ baseUrl: a, apiKeyEnv })).toEqual([
      ['one', a, 'sk-1'],
      ['one', a, 'sk-2'],
    ]);
    expect(placesOf({ baseUrl: [a, b], apiKeyEnv: 'ONE' })).toEqual([
      ['one', a, 'sk-1'],
      ['one', b, 'sk-1'],
    ]);
    expect(placesOf({ baseUrl: [a, b], apiKeyEnv })).toEqual([
      ['one', a, 'sk-1'],
      ['one', b, 'sk-2'],
    ]);
    expect(placesOf({ baseUrl: [a, b] }).map(([, , key]) => key)).toEqual([undefined, undefined]);
  });

  it.each([
    [{ baseUrl: [] }, 'baseUrl must be an http or https URL'],
    [{ baseUrl: ['http://a.test', 'http://a.test'] }, 'baseUrl must be an http or https URL'],
    [{ baseUrl: ['http://a.test', 'b.test'] }, 'baseUrl must be an http or https URL'],
    [
      { baseUrl: 'http://a.test', apiKeyEnv: ['TEST_PROVIDER_KEY', 'UNSET'] },
      'apiKeyEnv must name',
    ],
    [
      {
        baseUrl: ['http://a.test', 'http://b.test', 'http://c.test'],
        apiKeyEnv: ['TEST_PROVIDER_KEY', 'MODELS_FILE'],
      },
      'apiKeyEnv must have as many names as baseUrl has addresses',
    ],
  ])('refuses the provider %j', (one, problem) => {
    const problems = problemsOf({ providers: { one }, models: [] });
    expect(problems).toEqual([expect.stringContaining(`providers.one.${problem}`)]);
  });

  it.each([
    'https://ada:sk-readable@models.test/v1',
    'https://sk-readable@models.test/v1',
    'https://models.test/v1?key=sk-readable',
    'https://models.test/v1#sk-readable',
    'models.test/v1',
    '',
  ])('refuses the base URL %p without repeating it', (baseUrl) => {
    const problems = problemsOf({ providers: { one: { baseUrl } }, models: [] });
    expect(problems).toEqual([
      'providers.one.baseUrl must be an http or https URL without credentials or query',
    ]);
  });

  it('refuses a key in the file without repeating it', () => {
    const providers = { one: { baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-readable' } };
    const problems = problemsOf({ providers, models: [] });
    expect(problems).toEqual(['providers.one.apiKey is not a known field']);
  });

  it('reports every problem at once, together with those of other settings', () => {
    const models = [MODEL, { ...MODEL, price: { perMessage: -1 } }, { ...MODEL, provider: 'x' }];
    expect(problemsOf({ providers: PROVIDERS, models }, { PORT: 'x' })).toEqual([
      'PORT: must be a whole number from 0 to 65535',
      'models[1].price.perMessage must be a whole number from 0 to 100000000',
      'models[2].provider must be echo or one of providers',
      'models list "fast" twice',
    ]);
  });

  it.each([
    ['{"models": [', 'is not JSON: JSON has no comments'],
    ['{ // here\n"models": []}', 'is not JSON in line 1: JSON has no comments'],
    ['{"models":\n [],\n}', 'is not JSON in line 3: JSON has no comments'],
    ['[]', 'the file must be an object'],
    ['{}', 'models must be a list'],
    ['{"models": [5]}', 'models[0] must be an object'],
    ['{"models": [null]}', 'models[0] must be an object'],
    ['{"models": [], "providers": []}', 'providers must be an object'],
    ['{"models": [], "providers": {"one": null}}', 'providers.one must be an object'],
  ])('refuses the file %p', (content, problem) => {
    expect(problemsOf(content).join('\n')).toContain(problem);
  });

  it('stops the start with a message that does not contain the key', async () => {
    const models = [{ ...MODEL, price: { perMessage: -1 } }];
    const service = await Service.launch(modelsFile({ providers: PROVIDERS, models }));
    expect((await service.ended).code).toBe(1);
    const printed = service.stdout + service.stderr;
    expect(printed).toContain('MODELS_FILE: models[0].price.perMessage must be a whole number');
    expect(printed).not.toContain('listens on');
    expect(printed).not.toContain(PROVIDER_KEY);
    await service.remove();
  });

  it('refuses a missing file', () => {
    expect(() => loadConfig({ MODELS_FILE: '/no/such/file' })).toThrow(
      'MODELS_FILE: /no/such/file cannot be read',
    );
  });
});
