import { LLMock } from '@copilotkit/aimock';
import { EchoProvider } from '../../src/models/providers/echo.provider.js';
import { PROVIDER_KEY } from '../support/models-file.js';
import { createProvider } from '../support/provider-at.js';
import { Upstream } from '../support/upstream.js';
import { describeProvider } from './describe-provider.js';

const echo = {
  provider: new EchoProvider(),
  answers: 'echo',
  stop: () => Promise.resolve(),
};
describeProvider('echo', () => Promise.resolve(echo), { canFail: false });

describeProvider('openai-compatible, with our own server', async () => {
  const upstream = await Upstream.start({
    answers: async (call) => {
      call.open();
      for (const word of ['one ', 'two ', 'three']) await call.delta(word);
      await call.finish(call.body['max_tokens'] === 2 ? 'length' : 'stop');
      await call.usage(9, 3);
      await call.end();
    },
    endless: async (call) => {
      call.open();
      while (!call.isAborted) {
        await call.delta('more ');
        await new Promise(setImmediate);
      }
    },
    refuses: (call) => {
      call
        .open(401, 'application/json')
        .response.end(JSON.stringify({ error: { message: `secret: wrong key ${PROVIDER_KEY}` } }));
    },
  });
  return {
    provider: createProvider(upstream.baseUrl, PROVIDER_KEY),
    answers: 'answers',
    endless: 'endless',
    refuses: 'refuses',
    stop: () => upstream.stop(),
  };
});

describeProvider('openai-compatible, with an independent mock of OpenAI', async () => {
  const mock = new LLMock({ port: 0, chunkSize: 6, logLevel: 'silent' });
  mock.on({ model: 'refuses' }, { error: { message: 'secret words', type: 'x' }, status: 429 });
  mock.on({ model: 'short' }, { content: 'one two three', finishReason: 'length' });
  mock.on(
    { model: 'answers' },
    { content: 'one two three four five', usage: { prompt_tokens: 5, completion_tokens: 5 } },
  );
  mock.on({ model: 'endless' }, { content: 'more '.repeat(200) }, { latency: 5 });
  await mock.start();
  return {
    provider: createProvider(`${mock.url}/v1`, PROVIDER_KEY),
    answers: 'answers',
    short: 'short',
    endless: 'endless',
    refuses: 'refuses',
    stop: () => mock.stop(),
  };
});
