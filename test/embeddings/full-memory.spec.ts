import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AnswerMemory } from '../../src/models/answer-memory.js';
import { TestApp } from '../support/app.js';
import { modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const ALL_MAX_BYTES = 268_435_456;
/** Less than the answer of the provider. */
const ROOM_BYTES = 1000;

const answerWithEmbedding: Behaviour = (call) => {
  const embeddings = [{ object: 'embedding', index: 0, embedding: Array<number>(1000).fill(0.25) }];
  const usage = { prompt_tokens: 1, total_tokens: 1 };
  call
    .open(200, 'application/json')
    .response.end(JSON.stringify({ object: 'list', data: embeddings, usage }));
};

describe('an embeddings request, while the memory for answers is full', () => {
  const upstreams: Upstream[] = [];
  let app: TestApp;
  let others: AnswerMemory | undefined;

  beforeAll(async () => {
    for (let n = 0; n < 2; n += 1) upstreams.push(await Upstream.start({ e: answerWithEmbedding }));
    app = await TestApp.start('sqlite', {
      ...modelsFile({
        providers: { places: { baseUrl: upstreams.map(({ baseUrl }) => baseUrl) } },
        models: [
          {
            ...{ id: 'e', provider: 'places', upstream: 'e', price: { perMessage: 100 } },
            ...{ contextTokens: 1000, maxTokens: 100 },
          },
        ],
      }),
    });
  });
  afterEach(() => {
    others?.release();
  });
  afterAll(async () => {
    await app.close();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  const leaveRoom = (bytes: number) => {
    others = new AnswerMemory();
    others.resize(ALL_MAX_BYTES - bytes);
  };

  it.each([
    ['at most one address, if its answer does not fit', ROOM_BYTES, 1],
    ['no address, if nothing fits', -1, 0],
  ])('asks %s, and costs nothing', async (_, room, asked) => {
    const ada = await app.newUser();
    const calls = () => upstreams.reduce((sum, upstream) => sum + upstream.calls.length, 0);
    const embed = () => ada.send('POST', '/v1/embeddings', { model: 'e', input: 'Hi' });
    const before = calls();
    leaveRoom(room);
    const { status, body, headers } = await embed();
    expect([status, body.error.code, headers['retry-after']]).toEqual([503, 'provider_busy', '2']);
    expect(calls() - before).toBe(asked);
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    others?.release();
    expect((await embed()).status).toBe(200);
    expect(calls() - before).toBe(asked + 1);
  });
});
