import { describe, expect, it } from '@jest/globals';
import { withIterations } from '../../test/support/loop-iterations.js';
import { Turn } from '../conversations/turn.entity.js';
import type { CompletionEvent, CompletionProvider } from '../models/provider.js';
import { Generation } from './generation.js';
import type { Outcome } from './outcome.js';

const ANSWERS = 8;
/** More than all answers together may use in one iteration of the event loop. */
const WORK_MS = 15;

/** A model in this process, whose work is done before its first delta. */
class Busy implements CompletionProvider {
  readonly name = 'busy';
  /** The iteration of the event loop in which each answer did its work. */
  readonly workedIn: number[] = [];

  constructor(private readonly iteration: () => number) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
  async *complete(): AsyncIterable<readonly CompletionEvent[]> {
    const end = performance.now() + WORK_MS;
    while (performance.now() < end);
    this.workedIn.push(this.iteration());
    yield [{ type: 'delta', text: 'word' }];
    yield [{ type: 'done', finishReason: 'stop', usage: undefined }];
  }
}

/** A generation, and the outcome that it settled. */
function generationOf(provider: CompletionProvider, id: string, outcomes: Outcome[] = []) {
  const maxTokensField = 'max_tokens';
  const limits = { contextTokens: 100, maxTokens: 9, maxTokensField } as const;
  const model = { id: 'busy', upstream: 'busy', provider, price: { perMessage: 1 }, ...limits };
  const request = { model: 'busy', messages: [], maxTokens: 9, maxTokensField, extra: {} } as const;
  return new Generation({
    turnId: id,
    conversationId: id,
    attempts: [{ model, request }],
    held: 1,
    timeoutMs: 60_000,
    settle: (outcome) => {
      outcomes.push(outcome);
      return Promise.resolve(new Turn());
    },
  });
}

describe('Generation', () => {
  it('does not start all long answers in one iteration of the event loop', async () => {
    const workedIn = await withIterations(async (iteration) => {
      const provider = new Busy(iteration);
      const answers = Array.from({ length: ANSWERS }, (_, n) =>
        generationOf(provider, String(n)).run(new AbortController().signal),
      );
      expect(await Promise.all(answers)).toHaveLength(ANSWERS);
      return provider.workedIn;
    });
    // Two may have the same number, because the counter runs between them. Without a share all have.
    expect(new Set(workedIn).size).toBeGreaterThanOrEqual(ANSWERS / 2);
  });

  it('asks no model, and is free, if its caller leaves while it waits for its share of the event loop', async () => {
    const provider = new Busy(() => 0);
    const first = generationOf(provider, 'first').run(new AbortController().signal);
    const [caller, outcomes] = [new AbortController(), [] as Outcome[]];
    const second = generationOf(provider, 'second', outcomes).run(caller.signal);
    caller.abort();
    await Promise.all([first, second]);
    expect(outcomes).toMatchObject([{ status: 'aborted', amount: 0, promptTokens: 0 }]);
    await new Promise(setImmediate);
    expect(provider.workedIn).toHaveLength(1);
  });
});
