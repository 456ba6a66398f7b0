import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { respond, saying } from '../support/responses.js';
import { Upstream } from '../support/upstream.js';

const user = (content: unknown) => ({ role: 'user', content });
const call = { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{}' };
const output = { type: 'function_call_output', call_id: 'c1', output: '3' };
const add = { type: 'function', name: 'add' };
const schema = { type: 'object' };

describe('a request for a response', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({ says: saying('Hello') });
    const model = { provider: 'loopback', upstream: 'says', contextTokens: 1000, maxTokens: 100 };
    const models = [{ id: 'flat', ...model, price: FLAT }];
    const providers = { loopback: { baseUrl: upstream.baseUrl } };
    app = await TestApp.start('sqlite', modelsFile({ providers, models }));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const sentFields = async (fields: object) => {
    const ada = await app.newUser();
    const answer = await respond(ada, { model: 'flat', ...fields });
    expect([answer.status, answer.body.error]).toEqual([200, null]);
    return { asked: upstream.last.body, body: answer.body };
  };

  it.each([
    ['text', 'hi', [user('hi')]],
    [
      'a rule of the role developer, and parts of text',
      [
        { role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
        user([{ type: 'input_text', text: 'hi' }]),
      ],
      [{ role: 'system', content: 'Be kind.' }, user([{ type: 'text', text: 'hi' }])],
    ],
    [
      'thoughts, words and calls of one answer, and what came of them',
      [
        user('1 + 2?'),
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'So.' }] },
        call,
        { ...call, call_id: 'c2' },
        output,
        { ...output, call_id: 'c2', output: [{ type: 'input_text', text: '4' }] },
      ],
      [
        user('1 + 2?'),
        {
          role: 'assistant',
          content: 'So.',
          reasoning_content: 'Hm.',
          tool_calls: ['c1', 'c2'].map((id) => ({
            ...{ id, type: 'function', function: { name: 'add', arguments: '{}' } },
          })),
        },
        { role: 'tool', tool_call_id: 'c1', content: '3' },
        { role: 'tool', tool_call_id: 'c2', content: '4' },
      ],
    ],
    [
      'a custom call, and a picture that it gave',
      [
        user('look'),
        { type: 'custom_tool_call', call_id: 'c1', name: 'see', input: 'a "b"' },
        {
          ...{ type: 'custom_tool_call_output', call_id: 'c1' },
          output: [{ type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' }],
        },
      ],
      [
        user('look'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              ...{ id: 'c1', type: 'function' },
              function: { name: 'see', arguments: '{"input":"a \\"b\\""}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'See the next message.' },
        user([
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
        ]),
      ],
    ],
  ])('is translated to chat completions for the model: %s', async (_, input, messages) => {
    expect((await sentFields({ input })).asked.messages).toEqual(messages);
  });

  it('is translated field by field, and the response repeats it', async () => {
    const format = { type: 'json_schema', name: 'place', schema, strict: true };
    const { asked, body } = await sentFields({
      instructions: 'Be brief.',
      tools: [{ ...add, description: 'Adds', parameters: schema, strict: true }],
      tool_choice: { type: 'function', name: 'add' },
      parallel_tool_calls: false,
      text: { format, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      max_output_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      user: 'u1',
      ...{ service_tier: 'priority', include: ['x'], prompt_cache_key: 'k', made_up: [{}] },
    });
    expect(asked).toEqual({
      model: 'says',
      messages: [{ role: 'system', content: 'Be brief.' }, user('hi')],
      ...{ stream: true, stream_options: { include_usage: true } },
      tools: [
        {
          type: 'function',
          function: { name: 'add', description: 'Adds', parameters: schema, strict: true },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'add' } },
      parallel_tool_calls: false,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'place', schema, strict: true },
      },
      reasoning_effort: 'high',
      verbosity: 'low',
      ...{ max_tokens: 50, temperature: 0.5, top_p: 0.9, user: 'u1' },
    });
    expect(body).toMatchObject({
      instructions: 'Be brief.',
      text: { format: { ...format, description: null }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      tool_choice: { type: 'function', name: 'add' },
      ...{ parallel_tool_calls: false, max_output_tokens: 50, temperature: 0.5, top_p: 0.9 },
      ...{ user: 'u1', prompt_cache_key: 'k', service_tier: 'default', metadata: {} },
    });
  });

  it('with unknown tools and items continues without them, and reports it', async () => {
    const { asked, body } = await sentFields({
      tools: [{ type: 'web_search' }, add, { type: 'mcp', server_label: 'x' }],
      tool_choice: { type: 'web_search' },
      input: [user('hi'), { type: 'web_search_call', id: 'ws_1', status: 'completed' }],
      metadata: { mine: 'yes' },
    });
    expect(asked['tools']).toEqual([{ type: 'function', function: { name: 'add' } }]);
    expect(asked['tool_choice']).toBeUndefined();
    expect(body.metadata).toEqual({
      ...{ mine: 'yes', tools_left_out: 'web_search, mcp', input_left_out: 'web_search_call' },
    });
    const alone = await sentFields({ tools: [{ type: 'web_search' }], tool_choice: 'required' });
    expect(alone.asked['tools']).toBeUndefined();
    expect(alone.asked['tool_choice']).toBeUndefined();
  });

  it('with a list of allowed tools sends the model only those', async () => {
    const tools = [add, { type: 'function', name: 'multiply' }];
    const tool_choice = { type: 'allowed_tools', mode: 'required', tools: [add] };
    const { asked, body } = await sentFields({ tools, tool_choice });
    expect(asked['tools']).toEqual([{ type: 'function', function: { name: 'add' } }]);
    expect(asked['tool_choice']).toBe('required');
    expect(body.tools).toHaveLength(2);
  });

  it.each([
    [{ model: undefined }, 'model'],
    [{ input: undefined }, 'input'],
    [{ input: 5 }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: ['hi'] }, 'input[0]'],
    [{ input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ role: 'user' }] }, 'input[0].content'],
    [{ input: [user([{ type: 'input_text' }])] }, 'input[0].content[0].text'],
    [{ input: [user([{ type: 'hologram' }])] }, 'input[0].content[0].type'],
    [{ input: [user([{ type: 'input_image', file_id: 'f' }])] }, 'input[0].content[0].image_url'],
    [{ input: [{ ...call, call_id: undefined }] }, 'input[0].call_id'],
    [{ input: [user('hi'), output] }, 'input'],
    [{ input: [{ type: 7 }] }, 'input[0].type'],
    [{ input: Array.from({ length: 2049 }, () => user('hi')) }, 'input'],
    [{ input: 'x'.repeat(100_001) }, 'input'],
    [{ instructions: 5 }, 'instructions'],
    [{ stream: 'true' }, 'stream'],
    [{ store: 1 }, 'store'],
    [{ background: true }, 'background'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ tools: {} }, 'tools'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ tool_choice: 'any' }, 'tool_choice'],
    [{ tools: [add], tool_choice: { type: 'function', name: 'x' } }, 'tool_choice.name'],
    [{ tool_choice: { type: 'allowed_tools' } }, 'tool_choice.tools'],
    [{ text: 'json' }, 'text'],
    [{ text: { format: { type: 'xml' } } }, 'text.format.type'],
    [{ text: { format: { type: 'json_schema', name: 'x' } } }, 'text.format.schema'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ metadata: { a: 1 } }, 'metadata'],
    [{ metadata: { a: 'x'.repeat(513) } }, 'metadata'],
    [{ truncation: 'some' }, 'truncation'],
  ])('is refused with 400 that names the field: %#', async (fields, param) => {
    await expectRefused(fields, param, null);
  });

  it('is refused with the code of OpenAI if it is too long for the model', async () => {
    await expectRefused({ input: 'x'.repeat(5000) }, 'input', 'context_length_exceeded');
  });

  async function expectRefused(fields: object, param: string, code: string | null): Promise<void> {
    const ada = await app.newUser();
    const calls = upstream.calls.length;
    const { status, body } = await respond(ada, { model: 'flat', ...fields });
    const message = expect.stringMatching(/\w/);
    expect([status, body]).toEqual([
      400,
      { error: { message, type: 'invalid_request_error', param, code } },
    ]);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
  }
});
