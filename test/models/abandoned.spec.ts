import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { stageUpstream } from '../support/stages.js';
import { until } from '../support/until.js';
import type { Behaviour } from '../support/upstream.js';

const BEHAVIOURS: Record<string, Behaviour> = {
  'silent before the head': () => undefined,
  'silent after the head': (call) => {
    call.open();
  },
  'silent after a word': async (call) => {
    call.open();
    await call.delta('Hello');
  },
};
const AT_ONCE = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe.each(Object.keys(BEHAVIOURS))('a call of a provider that is %s', (model) => {
  const stage = stageUpstream(BEHAVIOURS);

  /** Requests an answer and reads it without end. Nothing keeps a reference to the call. */
  const askInVain = (signal: AbortSignal) => {
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const rest = { maxTokens: 5, maxTokensField: 'max_tokens', extra: {}, signal } as const;
    const events = stage.provider.complete({ model, messages, ...rest })[Symbol.asyncIterator]();
    const read = async () => {
      while (!(await events.next()).done);
    };
    void read().catch(() => undefined);
  };

  it('ends when it is stopped, also after a garbage collection', async () => {
    const stopping = Array.from({ length: AT_ONCE }, () => new AbortController());
    for (const { signal } of stopping) askInVain(signal);
    await until(() => stage.upstream.calls.length === AT_ONCE);
    // After these collections, objects that only have weak references are gone.
    for (let n = 0; n < 2; n += 1) {
      await sleep(20);
      collect();
    }
    expect(stage.upstream.calls.filter(({ isAborted }) => isAborted)).toEqual([]);
    for (const one of stopping) one.abort();
    await until(() => stage.upstream.calls.every(({ isAborted }) => isAborted));
    expect(stage.upstream.calls).toHaveLength(AT_ONCE);
  });
});
