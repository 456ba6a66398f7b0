import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { HttpClient } from '../support/client.js';
import { createMigrated } from '../support/databases.js';
import { Service } from '../support/service.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

/** Returns the recipes of docs/models.md by name: the settings to set before `npm start`. */
async function recipes(): Promise<Map<string, Record<string, string>>> {
  const page = await readFile('docs/models.md', 'utf8');
  const found = page.matchAll(/^- \*\*(.+?)\*\*.*\n\n? *```sh\n((?: *.+\n)+?) *```$/gm);
  return new Map(
    [...found].map(([, name = '', text = '']) => {
      const line = text.replaceAll(/\\\n/g, ' ').trim();
      const words = line.split(/\s+/).filter((word) => word.includes('='));
      expect(line).toMatch(/ npm start$/);
      return [name, Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2)))];
    }),
  );
}

/** Returns the settings with the address of our own server in place of the provider's. */
const withAddress = (upstream: Upstream, settings: Record<string, string>) =>
  settings['OPENAI_BASE_URL'] === undefined
    ? settings
    : { ...settings, OPENAI_BASE_URL: upstream.baseUrl };

describe('the recipes of docs/models.md', () => {
  let upstream: Upstream;
  beforeAll(async () => {
    const behaviour: Behaviour = async (call) => {
      call.open();
      await call.delta('A real answer');
      await call.finish();
      await call.end();
    };
    // The same behaviour for every model's name.
    upstream = await Upstream.start(new Proxy({}, { get: () => behaviour }));
  });
  afterAll(() => upstream.stop());

  it('are for OpenAI, Gemini, Ollama, LM Studio and vLLM', async () => {
    const names = [...(await recipes()).keys()];
    expect(names).toEqual(['OpenAI', 'Gemini', 'Ollama', 'LM Studio', 'vLLM, or any other server']);
  });

  it('each start a service that answers with the model at the price of a message', async () => {
    for (const [name, settings] of await recipes()) {
      const config = loadConfig({
        ...{ PORT: '0', LOG_LEVEL: 'silent', ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' },
        ...withAddress(upstream, settings),
      });
      const [provider] = config.providers;
      if (!provider) throw new Error(`${name} leads to no provider`);
      const database = await createMigrated('sqlite');
      const app = await createApp({
        ...config,
        databaseUrl: database.url,
        providers: [{ ...provider, baseUrl: upstream.baseUrl }],
      });
      await app.listen(0, '127.0.0.1');
      const http = await HttpClient.connect(await app.getUrl());
      const send = (path: string, body: object, token?: string) =>
        http.send({
          ...{ method: 'POST', path, body: JSON.stringify(body) },
          headers: {
            'Content-Type': 'application/json',
            ...(token !== undefined && { Authorization: `Token ${token}` }),
          },
        });
      const credentials = { username: 'ada', password: 'Str0ng-pass-1' };
      const { token } = (await send('/api/register/', credentials)).body as { token: string };
      const answer = await send('/api/chat/', { message: 'Hi' }, token);
      expect([name, answer.body]).toEqual([
        name,
        { message: 'Hi', response: 'A real answer', timestamp: expect.any(String) },
      ]);
      expect(answer.headers['tokens-charged']).toBe('100');
      const [first = ''] = (settings['OPENAI_MODELS'] ?? settings['GEMINI_MODELS'] ?? '').split(
        ',',
      );
      expect(upstream.last.body.model).toBe(first);
      const key = settings['OPENAI_API_KEY'] ?? settings['GEMINI_API_KEY'];
      expect(upstream.last.headers.authorization).toBe(key && `Bearer ${key}`);
      http.close();
      await app.close();
      await database.drop();
    }
  });

  it('log the models, their providers and all addresses at the start', async () => {
    const key = 'sk-nobody-may-read-this-one';
    const settings = {
      ...{ OPENAI_MODELS: 'llama3.2,qwen3', OPENAI_API_KEY: key, GEMINI_API_KEY: `${key}-2` },
      OPENAI_BASE_URL: upstream.baseUrl,
    };
    const service = await Service.start(settings);
    await service.sees(/GEMINI_MODELS/);
    const client = await service.client();
    const lines = service.log().map(({ msg }) => msg);
    const by = `openai at ${upstream.baseUrl}`;
    expect(lines).toContain(
      `Models, the default first: llama3.2 (${by}), qwen3 (${by}), echo (built in)`,
    );
    expect(lines.find((line) => line.startsWith('Page:'))).toMatch(
      new RegExp(`^Page: ${client.url}/, docs: ${client.url}/api/docs/, database: /.*\\.sqlite$`),
    );
    expect(lines.filter((line) => line.includes('GEMINI_API_KEY'))).toHaveLength(1);
    expect(service.stdout + service.stderr).not.toContain(key);
    client.close();
    await service.remove();
  });
});
