import { describe, expect, it } from '@jest/globals';
import type { CompletionEvent } from '../../src/models/provider.js';
import { stageUpstream } from '../support/stages.js';
import { until } from '../support/until.js';
import type { Behaviour } from '../support/upstream.js';

const said = (finish: boolean, then: Behaviour): Behaviour => {
  return async (call) => {
    call.open();
    await call.delta('Hello');
    if (finish) await call.finish('length');
    await then(call);
  };
};
const nothing = () => undefined;

/** Complete answers whose connection does not end as it should. */
const BEHAVIOURS: Record<string, Behaviour> = {
  'silent after the reason': said(true, nothing),
  'silent after the usage': said(true, (call) => call.usage(10, 5)),
  'talking after the reason': said(true, async (call) => {
    while (!call.isAborted) {
      await call.raw(': still here\n\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }),
  'silent after a second reason': said(true, async (call) => {
    await call.delta('!');
    await call.finish('length');
  }),
  'silent after [DONE]': said(true, (call) => call.event('[DONE]')),
};

describe('a provider whose answer is whole, but does not end', () => {
  const stage = stageUpstream(BEHAVIOURS);

  const ask = async (
    model: string,
    signal = new AbortController().signal,
    endsAt?: number,
    events: CompletionEvent[] = [],
  ): Promise<CompletionEvent[]> => {
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const rest = { maxTokens: 5, maxTokensField: 'max_tokens', extra: {}, signal, endsAt } as const;
    for await (const together of stage.provider.complete({ model, messages, ...rest }))
      events.push(...together);
    return events;
  };

  it('is disconnected, and its answer is treated as complete', async () => {
    const models = Object.keys(BEHAVIOURS).filter((model) => !model.includes('second'));
    const callsBefore = stage.upstream.calls.length;
    const answers = await Promise.all(models.map((model) => ask(model)));
    await Promise.all(stage.upstream.calls.map(({ aborted }) => aborted));
    const usages = [undefined, { promptTokens: 10, completionTokens: 5 }, undefined, undefined];
    expect(answers).toEqual(
      usages.map((usage) => [
        { type: 'delta', text: 'Hello' },
        { type: 'done', finishReason: 'length', usage },
      ]),
    );
    expect(stage.upstream.calls).toHaveLength(callsBefore + models.length);
    expect(stage.upstream.last.headers.authorization).toBeUndefined();
  });

  it('is complete without its usage if the time is up', async () => {
    // Before the usual wait for the usage ends.
    const signal = AbortSignal.timeout(4000);
    const answer = await ask('silent after the reason', signal, performance.now());
    expect(answer).toEqual([
      { type: 'delta', text: 'Hello' },
      { type: 'done', finishReason: 'length', usage: undefined },
    ]);
    expect(signal.aborted).toBe(false);
  });

  it('is not complete when the time is up if text came after its finish reason', async () => {
    const controller = new AbortController();
    const events: CompletionEvent[] = [];
    const model = 'silent after a second reason';
    const answer = ask(model, controller.signal, performance.now(), events);
    await until(() => events.length > 1);
    // Longer than the wait of an answer that is whole.
    const timer = setTimeout(() => {
      controller.abort(new Error('the time is up'));
    }, 1500);
    await expect(answer).rejects.toThrow('the time is up');
    clearTimeout(timer);
    expect(events).toEqual(['Hello', '!'].map((text) => ({ type: 'delta', text })));
  });
});
