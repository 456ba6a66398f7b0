import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { TestApp } from '../support/app.js';
import { modelsOf } from '../support/models-file.js';
import { responseResource, streamingEvent } from '../support/open-responses.js';
import { calling, eventsOf, respond, saying } from '../support/responses.js';
import { Upstream } from '../support/upstream.js';

type Response = z.infer<typeof responseResource>;

const WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'Get the current weather for a location',
  parameters: {
    type: 'object',
    properties: { location: { type: 'string', description: 'The city and state' } },
    required: ['location'],
  },
};
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const user = (content: unknown) => ({ type: 'message', role: 'user', content });

/** The cases of the Open Responses compliance suite, which is strict about fields. */
describe('the compliance cases of Open Responses', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({
      says: saying('Hello ', 'there, ', 'friend'),
      calls: calling(['call_1', 'get_weather', '{"location":"San Francisco"}']),
    });
    app = await TestApp.start('sqlite', modelsOf(upstream.baseUrl, ['says', 'calls']));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const whole = async (fields: object): Promise<Response> => {
    const ada = await app.newUser();
    const { status, body } = await respond(ada, { model: 'flat:says', ...fields });
    expect(status).toBe(200);
    expect(await ada.balance()).toBe(3900);
    return responseResource.parse(body);
  };
  const streamed = async (fields: object) => {
    const ada = await app.newUser();
    const answer = await respond(ada, { model: 'flat:says', stream: true, ...fields });
    expect(await ada.balance()).toBe(3900);
    expect(answer.raw.endsWith('data: [DONE]\n\n')).toBe(true);
    const events = eventsOf(answer);
    for (const event of events) streamingEvent.parse(event);
    const response = responseResource.parse(events.at(-1)?.['response']);
    return { types: events.map(({ type }) => type), events, response };
  };
  const text = {
    type: 'message',
    status: 'completed',
    content: [{ type: 'output_text', text: 'Hello there, friend' }],
  };
  const call = {
    type: 'function_call',
    status: 'completed',
    call_id: 'call_1',
    name: 'get_weather',
    arguments: '{"location":"San Francisco"}',
  };

  it('basic text: a message becomes a completed response', async () => {
    const response = await whole({ input: [user('Say hello in exactly 3 words.')] });
    expect(response).toMatchObject({ status: 'completed', output: [text], error: null });
    expect(response.completed_at).toBeGreaterThanOrEqual(response.created_at);
  });

  it('streaming: the events come in order, and the last has the whole response', async () => {
    const { types, events, response } = await streamed({ input: [user('Count from 1 to 5.')] });
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events[0]?.['response']).toMatchObject({ status: 'in_progress', output: [] });
    expect(response).toMatchObject({ status: 'completed', output: [text] });
    expect(response.usage).toMatchObject({ input_tokens: 10, output_tokens: 5, total_tokens: 15 });
  });

  it('system prompt: a message of the role system goes to the model first', async () => {
    const system = { type: 'message', role: 'system', content: 'Speak like a pirate.' };
    const response = await whole({ input: [system, user('Say hello.')] });
    expect(response).toMatchObject({ status: 'completed', output: [text] });
    expect(upstream.last.body.messages).toEqual([
      { role: 'system', content: 'Speak like a pirate.' },
      { role: 'user', content: 'Say hello.' },
    ]);
  });

  const weather = { model: 'flat:calls', input: [user('The weather?')], tools: [WEATHER] };

  it('tools: a function is called', async () => {
    const response = await whole(weather);
    expect(response).toMatchObject({ status: 'completed', output: [call] });
    expect(response.tools).toEqual([{ ...WEATHER, strict: null }]);
    expect(upstream.last.body['tools']).toEqual([
      {
        type: 'function',
        function: {
          name: WEATHER.name,
          description: WEATHER.description,
          parameters: WEATHER.parameters,
        },
      },
    ]);
  });

  it('tools, streamed: the arguments come in pieces and then whole', async () => {
    const { types, events, response } = await streamed(weather);
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events[2]).toMatchObject({
      item: { ...call, status: 'in_progress', arguments: '' },
    });
    expect(`${String(events[3]?.['delta'])}${String(events[4]?.['delta'])}`).toBe(call.arguments);
    expect(events[5]).toMatchObject({ arguments: call.arguments });
    expect(response).toMatchObject({ output: [call] });
  });

  it('picture: a data URL is sent to the model as a part of the message', async () => {
    const input = [
      user([
        { type: 'input_text', text: 'What do you see?' },
        { type: 'input_image', image_url: PIXEL },
      ]),
    ];
    expect(await whole({ input })).toMatchObject({ status: 'completed', output: [text] });
    expect(upstream.last.body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What do you see?' },
          { type: 'image_url', image_url: { url: PIXEL } },
        ],
      },
    ]);
  });

  it('several turns: earlier turns are sent to the model unchanged', async () => {
    const assistant = { type: 'message', role: 'assistant', content: 'Hello Alice!' };
    const input = [user('My name is Alice.'), assistant, user('What is my name?')];
    expect(await whole({ input })).toMatchObject({ status: 'completed', output: [text] });
    expect(upstream.last.body.messages).toEqual([
      { role: 'user', content: 'My name is Alice.' },
      { role: 'assistant', content: 'Hello Alice!' },
      { role: 'user', content: 'What is my name?' },
    ]);
  });
});
