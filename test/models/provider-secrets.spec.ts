import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProviderReport } from '../../src/errors.js';
import { PASSWORD } from '../support/app.js';
import type { HttpClient } from '../support/client.js';
import { PROVIDER_KEY, modelsOf } from '../support/models-file.js';
import { Service } from '../support/service.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const MESSAGE = 'what only the person and the model may read';

/** Variables with which other programs of the same host configure OpenAI's SDK. */
const OTHERS = {
  OPENAI_API_KEY: 'sk-of-another-program',
  OPENAI_ORG_ID: 'org-of-another-program',
  OPENAI_PROJECT_ID: 'project-of-another-program',
  OPENAI_BASE_URL: 'http://127.0.0.1:9/of-another-program',
};

/** An error text that repeats everything secret that the provider received. */
const echoed = `Incorrect API key provided: ${PROVIDER_KEY} (Authorization: Bearer ${PROVIDER_KEY}) for "${MESSAGE}"`;
const error = JSON.stringify({ error: { message: echoed, code: PROVIDER_KEY } });

const begun =
  (then: Behaviour): Behaviour =>
  async (call) => {
    call.open();
    await call.delta('Hello ');
    await then(call);
  };

/** Every place in which a provider can repeat what it received. */
const BEHAVIOURS: Record<string, Behaviour> = {
  'body-401': (call) => {
    call.open(401, 'application/json').response.end(error);
  },
  'body-200': (call) => {
    call.open(200, 'application/json').response.end(error);
  },
  'headers-401': ({ response }) => {
    response.writeHead(401, `no ${PROVIDER_KEY}`, { 'x-request-id': PROVIDER_KEY, Link: echoed });
    response.end(error);
  },
  'content-type': (call) => {
    call.open(200, `text/plain; key="${PROVIDER_KEY}"`).response.end(echoed);
  },
  redirect: ({ response }) => {
    response.writeHead(307, { Location: `http://127.0.0.1:9/?key=${PROVIDER_KEY}` }).end();
  },
  'not-http': ({ response }) => {
    response.socket?.end(`${echoed}\r\n\r\n`);
  },
  event: begun(async (call) => {
    await call.event(error);
    await call.end();
  }),
  garbage: begun(async (call) => {
    await call.event(`{"choices": ${echoed}`);
    await call.end();
  }),
  'bad-chunk': begun((call) => {
    call.response.socket?.end(`zz ${echoed}\r\n`);
  }),
};

describe('the key of a provider and the prompt', () => {
  let upstream: Upstream;
  let service: Service;
  let client: HttpClient;
  let headers: Record<string, string>;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const models = modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS));
    // These settings make the SDK and Node itself log as much as possible.
    const verboseLogs = { LOG_LEVEL: 'trace', OPENAI_LOG: 'debug', DEBUG: '*' };
    service = await Service.start({ ...models, ...verboseLogs, ...OTHERS });
    client = await service.client();
    const { body } = await post('/api/register/', { username: 'ada', password: PASSWORD });
    headers = { Authorization: `Token ${String(body.token)}` };
  });
  afterAll(async () => {
    client.close();
    await service.remove();
    await upstream.stop();
  });

  const post = (path: string, body: object) =>
    client.send({
      method: 'POST',
      path,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  it.each(Object.keys(BEHAVIOURS))(
    'appear in no answer and no log line, whatever the provider repeats: %s',
    async (name) => {
      const calls = upstream.calls.length;
      const model = `flat:${name}`;
      const messages = [{ role: 'user', content: MESSAGE }];
      const answers = [
        await post('/api/chat/', { message: MESSAGE, model }),
        await post('/api/chat/', { message: MESSAGE, model, stream: true }),
        await post('/v1/chat/completions', { messages, model }),
        await post('/v1/chat/completions', { messages, model, stream: true }),
      ];
      expect(upstream.calls).toHaveLength(calls + 4);
      const { path, headers: sent } = upstream.last;
      expect([path, sent.authorization]).toEqual([
        '/v1/chat/completions',
        `Bearer ${PROVIDER_KEY}`,
      ]);
      expect(JSON.stringify(sent)).not.toContain('another-program');
      expect(answers.map(({ status }) => status)).toEqual([502, 200, 502, 200]);
      for (const answer of answers) {
        expect(answer.raw).toContain('"provider_failed"');
        expect(answer.raw + JSON.stringify(answer.headers)).not.toContain(PROVIDER_KEY);
        expect(answer.raw).not.toContain('Incorrect API key');
        await service.sees(new RegExp(`"${String(answer.headers['x-request-id'])}".*answered`));
        expect(reasonOf(String(answer.headers['x-request-id']))).toMatch(
          /^the (provider|connection) /,
        );
      }
      const printed = service.stdout + service.stderr;
      for (const secret of [PROVIDER_KEY, MESSAGE, 'Incorrect API key', 'Bearer ']) {
        expect(printed).not.toContain(secret);
      }
    },
  );

  /** Returns our own words for the failure, from the only log line that contains them. */
  const reasonOf = (requestId: string): string => {
    const lines = service.log().filter(({ reqId }) => reqId === requestId);
    const failures = lines.filter(({ level }) => level === 50);
    expect(failures).toHaveLength(1);
    const [line] = failures as unknown as { code: string; upstream: ProviderReport }[];
    expect(line).toMatchObject({
      code: 'provider_failed',
      upstream: { provider: 'loopback', tookMs: expect.any(Number) },
    });
    expect(JSON.stringify(line)).not.toContain('"stack"');
    return String(line?.upstream.reason);
  };

  it('cost nothing when the provider fails', async () => {
    const { body } = await client.send({ path: '/api/token-balance/', headers });
    expect(body).toEqual({ tokens: 4000 });
  });
});
