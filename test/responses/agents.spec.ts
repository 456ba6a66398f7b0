import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { z } from 'zod';
import { startAgentModels } from '../support/agent-upstream.js';
import type { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { expectPaid } from '../support/paid-calls.js';
import type { Upstream } from '../support/upstream.js';

const numbers = z.object({ a: z.number(), b: z.number() });

describe('the unmodified client @openai/agents with its defaults', () => {
  let upstream: Upstream;
  let app: TestApp;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ app, upstream, close } = await startAgentModels());
  });
  afterAll(() => close());

  /** Tracing is off. It would send the service's key to OpenAI. */
  const runnerOf = ({ token }: Caller) =>
    new Runner({
      modelProvider: new OpenAIProvider({ baseURL: `${app.url}/v1`, apiKey: token }),
      tracingDisabled: true,
    });

  /** An agent with two tools, and a second agent to hand over to. */
  const agentOf = (ran: string[]) => {
    const numeric = (name: string, work: (a: number, b: number) => number) =>
      tool({
        name,
        description: `To ${name}`,
        parameters: numbers,
        execute: ({ a, b }) => {
          ran.push(name);
          return String(work(a, b));
        },
      });
    const tools = [numeric('add', (a, b) => a + b), numeric('multiply', (a, b) => a * b)];
    const model = 'flat:agent';
    const teller = new Agent({ name: 'teller', instructions: 'Tell the results.', model });
    return new Agent({ name: 'worker', instructions: 'Work.', model, tools, handoffs: [teller] });
  };

  it('runs two tools and a hand-off', async () => {
    const ada = await app.newUser();
    const ran: string[] = [];
    const result = await runnerOf(ada).run(agentOf(ran), 'work');
    expect(ran.sort()).toEqual(['add', 'multiply']);
    expect(result.lastAgent?.name).toBe('teller');
    expect(result.finalOutput).toContain('The tools gave 3 and 12');
    expect(upstream.last.body.messages[0]).toEqual({
      role: 'system',
      content: 'Tell the results.',
    });
    await expectPaid(app, ada, 3);
  });

  it('runs them streamed too', async () => {
    const ada = await app.newUser();
    const ran: string[] = [];
    const result = await runnerOf(ada).run(agentOf(ran), 'work', { stream: true });
    let text = '';
    for await (const event of result) {
      if (event.type !== 'raw_model_stream_event') continue;
      if (event.data.type === 'output_text_delta') text += event.data.delta;
    }
    await result.completed;
    expect(ran.sort()).toEqual(['add', 'multiply']);
    expect([result.finalOutput, text]).toEqual([text, expect.stringContaining('3 and 12')]);
    await expectPaid(app, ada, 3);
  });

  it('continues with the id of the last response and only new items', async () => {
    const ada = await app.newUser();
    const first = await runnerOf(ada).run(agentOf([]), 'work');
    const previousResponseId = first.lastResponseId;
    if (previousResponseId === undefined) throw new Error('no response id');
    const teller = new Agent({ name: 'teller', model: 'flat:says' });
    await runnerOf(ada).run(teller, 'and now?', { previousResponseId });
    const { messages } = upstream.last.body;
    expect(messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'tool', 'tool', 'assistant', 'tool'],
      ...['assistant', 'user'],
    ]);
    await expectPaid(app, ada, 4);
  });

  it('gets the 402 once', async () => {
    const poor = await app.newUser({ tokens: 99 });
    const calls = upstream.calls.length;
    await expect(runnerOf(poor).run(agentOf([]), 'work')).rejects.toMatchObject({ status: 402 });
    expect(upstream.calls).toHaveLength(calls);
    expect(await poor.balance()).toBe(99);
  });
});
