import { describe, expect, it } from '@jest/globals';
import { Turn } from '../conversations/turn.entity.js';
import type { CompletionEvent, CompletionProvider } from '../models/providers/provider.js';
import { Generation } from './generation.js';

const ANSWERS = 8;
/** More than all answers together may use in one iteration of the event loop. */
const WORK_MS = 15;

/** A model in this process, whose work is done before its first delta. */
class Busy implements CompletionProvider {
  readonly name = 'busy';
  iteration = 0;
  /** The iteration of the event loop in which each answer did its work. */
  readonly workedIn: number[] = [];

  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
  async *complete(): AsyncIterable<CompletionEvent> {
    const end = performance.now() + WORK_MS;
    while (performance.now() < end);
    this.workedIn.push(this.iteration);
    yield { type: 'delta', text: 'word' };
    yield { type: 'done', finishReason: 'stop', usage: undefined };
  }
}

describe('Generation', () => {
  it('does not start all long answers in one iteration of the event loop', async () => {
    const provider = new Busy();
    let counter: NodeJS.Immediate;
    const count = () => {
      provider.iteration += 1;
      counter = setImmediate(count);
    };
    counter = setImmediate(count);
    const maxTokensField = 'max_tokens';
    const limits = { contextTokens: 100, maxTokens: 9, maxTokensField } as const;
    const model = { id: 'busy', upstream: 'busy', provider, price: { perMessage: 1 }, ...limits };
    const request = {
      model: 'busy',
      messages: [],
      maxTokens: 9,
      maxTokensField,
      extra: {},
    } as const;
    const answers = Array.from({ length: ANSWERS }, (_, n) =>
      new Generation({
        turnId: String(n),
        conversationId: String(n),
        attempts: [{ model, request }],
        held: 1,
        timeoutMs: 60_000,
        settle: () => Promise.resolve(new Turn()),
      }).run(new AbortController().signal),
    );
    expect(await Promise.all(answers)).toHaveLength(ANSWERS);
    clearImmediate(counter);
    // Two may have the same number, because the counter runs between them. Without a share all have.
    expect(new Set(provider.workedIn).size).toBeGreaterThanOrEqual(ANSWERS / 2);
  });
});
