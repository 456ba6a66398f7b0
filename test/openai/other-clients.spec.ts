import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateText, jsonSchema, streamText, tool, type ToolSet } from 'ai';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { ADD, callAdd, expectPaid } from '../support/paid-calls.js';

const ECHO = "This is a dummy AI response to your message: 'hi'";

describe('unmodified clients', () => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  describe('ai with @ai-sdk/openai-compatible', () => {
    const modelOf = ({ token }: Caller) =>
      createOpenAICompatible({
        name: 'tallychat',
        baseURL: `${app.url}/v1`,
        apiKey: token,
        includeUsage: true,
      })('echo');

    it('generates and streams text, with its usage', async () => {
      const ada = await app.newUser();
      const whole = await generateText({ model: modelOf(ada), prompt: 'hi' });
      expect([whole.text, whole.finishReason]).toEqual([ECHO, 'stop']);
      expect(whole.usage).toMatchObject({ inputTokens: 5, outputTokens: 10 });
      const streamed = streamText({ model: modelOf(ada), prompt: 'hi' });
      let text = '';
      for await (const part of streamed.textStream) text += part;
      expect([text, await streamed.finishReason]).toEqual([ECHO, 'stop']);
      expect(await streamed.usage).toMatchObject({ inputTokens: 5, outputTokens: 10 });
      await expectPaid(app, ada, 2);
    });

    it('reads tool calls, whole and streamed', async () => {
      const ada = await app.newUser();
      callAdd(provider);
      // The types of this package do not compile with `exactOptionalPropertyTypes`.
      const tools = {
        add: tool({ inputSchema: jsonSchema(ADD.parameters) }),
      } as unknown as ToolSet;
      const { toolCalls } = await generateText({ model: modelOf(ada), prompt: 'hi', tools });
      expect(toolCalls).toMatchObject([{ toolName: 'add', input: { a: 1 } }]);
      const streamed = streamText({ model: modelOf(ada), prompt: 'hi', tools });
      expect(await streamed.toolCalls).toMatchObject([{ toolName: 'add', input: { a: 1 } }]);
      await expectPaid(app, ada, 2);
    });

    it('gets 402 once', async () => {
      const poor = await app.newUser({ tokens: 0 });
      const asked = generateText({ model: modelOf(poor), prompt: 'hi' });
      await expect(asked).rejects.toMatchObject({ statusCode: 402, isRetryable: false });
      expect(await poor.history()).toEqual([]);
    });
  });

  describe('@langchain/openai', () => {
    const modelOf = ({ token }: Caller) =>
      new ChatOpenAI({
        model: 'echo',
        apiKey: token,
        configuration: { baseURL: `${app.url}/v1` },
      });

    it('invokes and streams', async () => {
      const ada = await app.newUser();
      const whole = await modelOf(ada).invoke([
        ['system', 'Be brief.'],
        ['human', 'hi'],
      ]);
      expect(whole).toMatchObject({ content: ECHO, usage_metadata: { output_tokens: 10 } });
      let text = '';
      for await (const { content } of await modelOf(ada).stream('hi')) {
        text += typeof content === 'string' ? content : '';
      }
      expect(text).toBe(ECHO);
      await expectPaid(app, ada, 2);
    });

    it('binds tools', async () => {
      const ada = await app.newUser();
      callAdd(provider);
      const bound = modelOf(ada).bindTools([{ type: 'function', function: ADD }]);
      const { tool_calls: calls } = await bound.invoke('hi');
      expect(calls).toMatchObject([{ name: 'add', args: { a: 1 }, id: 'c1' }]);
      await expectPaid(app, ada, 1);
    });
  });
});
