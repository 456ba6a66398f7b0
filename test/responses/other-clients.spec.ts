import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  generateObject,
  generateText,
  jsonSchema,
  stepCountIs,
  streamText,
  tool,
  type ToolSet,
} from 'ai';
import { startAgentModels } from '../support/agent-upstream.js';
import type { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { expectPaid } from '../support/paid-calls.js';
import type { Upstream } from '../support/upstream.js';

const number = { type: 'number' as const };
const NUMBERS = {
  type: 'object' as const,
  properties: { a: number, b: number },
  required: ['a', 'b'],
};

interface Numbers {
  readonly a: number;
  readonly b: number;
}

describe('unmodified clients, on responses', () => {
  let upstream: Upstream;
  let app: TestApp;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ app, upstream, close } = await startAgentModels());
  });
  afterAll(() => close());

  describe('ai with the default of @ai-sdk/openai', () => {
    const modelOf = ({ token }: Caller, name: string) =>
      createOpenAI({ baseURL: `${app.url}/v1`, apiKey: token })(`flat:${name}`);
    // The types of this package do not compile with `exactOptionalPropertyTypes`.
    const tools = {
      add: tool({
        inputSchema: jsonSchema<Numbers>(NUMBERS),
        execute: ({ a, b }: Numbers) => String(a + b),
      }),
      multiply: tool({
        inputSchema: jsonSchema<Numbers>(NUMBERS),
        execute: ({ a, b }: Numbers) => String(a * b),
      }),
    } as unknown as ToolSet;

    it('generates and streams text, with its usage', async () => {
      const ada = await app.newUser();
      const whole = await generateText({ model: modelOf(ada, 'says'), prompt: 'hi' });
      expect([whole.text, whole.finishReason]).toEqual(['Hello there', 'stop']);
      expect(whole.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
      const streamed = streamText({ model: modelOf(ada, 'says'), prompt: 'hi' });
      let text = '';
      for await (const part of streamed.textStream) text += part;
      expect([text, await streamed.finishReason]).toEqual(['Hello there', 'stop']);
      await expectPaid(app, ada, 2);
    });

    it('runs tools in steps, whole and streamed', async () => {
      const ada = await app.newUser();
      const asked = { model: modelOf(ada, 'agent'), prompt: 'work', tools };
      const whole = await generateText({ ...asked, stopWhen: stepCountIs(4) });
      expect([whole.text, whole.steps.length]).toEqual(['The tools gave 3 and 12.', 2]);
      expect(whole.reasoningText).toBe('Let me see.');
      const streamed = streamText({ ...asked, stopWhen: stepCountIs(4) });
      expect(await streamed.text).toBe('The tools gave 3 and 12.');
      expect(await streamed.reasoningText).toBe('Let me see.');
      await expectPaid(app, ada, 4);
    });

    it('continues with its answers, also by references', async () => {
      const ada = await app.newUser();
      const model = modelOf(ada, 'says');
      const { response } = await generateText({ model, prompt: 'hi' });
      await generateText({
        model,
        messages: [
          { role: 'user', content: 'hi' },
          ...response.messages,
          { role: 'user', content: 'again' },
        ],
      });
      expect(upstream.last.body.messages).toEqual([
        { role: 'user', content: [{ type: 'text', text: 'hi' }] },
        { role: 'assistant', content: 'Hello there' },
        { role: 'user', content: [{ type: 'text', text: 'again' }] },
      ]);
      await expectPaid(app, ada, 2);
    });

    it('generates an object', async () => {
      const ada = await app.newUser();
      const schema = jsonSchema({ type: 'object', properties: { city: { type: 'string' } } });
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is what many still call
      const { object } = await generateObject({ model: modelOf(ada, 'json'), prompt: '?', schema });
      expect(object).toEqual({ city: 'Bern' });
      expect(upstream.last.body['response_format']).toMatchObject({ type: 'json_schema' });
      await expectPaid(app, ada, 1);
    });

    it('gets 402 once', async () => {
      const poor = await app.newUser({ tokens: 0 });
      const asked = generateText({ model: modelOf(poor, 'says'), prompt: 'hi' });
      await expect(asked).rejects.toMatchObject({ statusCode: 402, isRetryable: false });
      expect(await poor.history()).toEqual([]);
    });
  });

  describe('@langchain/openai with useResponsesApi', () => {
    const modelOf = ({ token }: Caller, name: string) =>
      new ChatOpenAI({
        model: `flat:${name}`,
        apiKey: token,
        useResponsesApi: true,
        configuration: { baseURL: `${app.url}/v1` },
      });

    it('invokes and streams', async () => {
      const ada = await app.newUser();
      const whole = await modelOf(ada, 'says').invoke([
        ['system', 'Be brief.'],
        ['human', 'hi'],
      ]);
      expect(whole.text).toBe('Hello there');
      expect(whole.usage_metadata).toMatchObject({ input_tokens: 10, output_tokens: 5 });
      let text = '';
      for await (const chunk of await modelOf(ada, 'says').stream('hi')) text += chunk.text;
      expect(text).toBe('Hello there');
      await expectPaid(app, ada, 2);
    });

    it('binds tools, and continues with their outputs', async () => {
      const ada = await app.newUser();
      const functions = ['add', 'multiply'].map((name) => ({
        type: 'function' as const,
        function: { name, parameters: NUMBERS },
      }));
      const bound = modelOf(ada, 'agent').bindTools(functions);
      const first = await bound.invoke('work');
      expect(first.tool_calls).toMatchObject([
        { name: 'add', args: { a: 1, b: 2 }, id: 'call_add' },
        { name: 'multiply', args: { a: 3, b: 4 }, id: 'call_multiply' },
      ]);
      const outputs = (first.tool_calls ?? []).map(
        ({ id = '' }, n) => new ToolMessage({ tool_call_id: id, content: String(n) }),
      );
      const last = await bound.invoke([new HumanMessage('work'), first, ...outputs]);
      expect(last.text).toBe('The tools gave 0 and 1.');
      await expectPaid(app, ada, 2);
    });
  });
});
