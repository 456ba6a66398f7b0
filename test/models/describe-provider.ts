import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProviderError } from '../../src/errors.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
} from '../../src/models/provider.js';

/** A provider to test, and its models, each with a behaviour that the cases need. */
export interface Subject {
  readonly provider: CompletionProvider;
  /** Answers at once, in several deltas, with usage. */
  readonly answers: string;
  /** Stops at `maxTokens`. Undefined if the server cannot be made to do this. */
  readonly short?: string;
  /** Produces output until it is stopped. */
  readonly endless?: string;
  readonly refuses?: string;
  stop(): Promise<void>;
}

/**
 * The contract of every provider. Each provider runs these cases. A provider that cannot fail sets `canFail:
 * false`.
 */
export function describeProvider(
  name: string,
  start: () => Promise<Subject>,
  { canFail } = { canFail: true },
): void {
  describe(`the provider ${name}`, () => {
    let subject: Subject;

    beforeAll(async () => {
      subject = await start();
    });
    afterAll(() => subject.stop());

    const ask = (model: string, signal: AbortSignal, maxTokens?: number) => {
      const request: CompletionRequest = {
        model,
        messages: [{ role: 'user', content: 'one two three four five' }],
        maxTokens,
        maxTokensField: 'max_tokens',
        extra: {},
        signal,
      };
      return subject.provider.complete(request);
    };
    const never = new AbortController().signal;

    it('streams deltas, and then exactly one done', async () => {
      const events = await collect(ask(subject.answers, never));
      expect(events.length).toBeGreaterThan(2);
      expect(events.filter(({ type }) => type === 'done')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('done');
      expect(textOf(events)).toContain('one two three');
    });

    it('reports its usage in model tokens', async () => {
      const done = (await collect(ask(subject.answers, never))).at(-1);
      expect(done).toMatchObject({
        finishReason: 'stop',
        usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
      });
    });

    it('answers a second question in the same way', async () => {
      const first = textOf(await collect(ask(subject.answers, never)));
      expect(textOf(await collect(ask(subject.answers, never)))).toBe(first);
    });

    it('answers two questions at once, each with its own answer', async () => {
      const both = [ask(subject.answers, never), ask(subject.answers, never)];
      const [one, other] = await Promise.all(both.map(collect));
      expect(one?.length).toBeGreaterThan(2);
      expect(textOf(one ?? [])).toBe(textOf(other ?? []));
    });

    it('reports length if it stops at maxTokens', async () => {
      const model = subject.short ?? subject.answers;
      const done = (await collect(ask(model, never, 2))).at(-1);
      expect(done).toMatchObject({ type: 'done', finishReason: 'length' });
    });

    it('calls nobody if it is stopped before it starts', async () => {
      const stopped = AbortSignal.abort(new Error('gone'));
      await expect(collect(ask(subject.answers, stopped))).rejects.toThrow('gone');
    });

    it('ends with the reason of the signal when it is stopped mid-answer', async () => {
      const stopping = new AbortController();
      const read = async () => {
        for await (const [event] of ask(subject.endless ?? subject.answers, stopping.signal)) {
          if (event?.type === 'delta') stopping.abort(new Error('gone'));
        }
      };
      await expect(read()).rejects.toThrow('gone');
    });

    it('allows its reader to leave in the middle', async () => {
      let seen = 0;
      for await (const [event] of ask(subject.endless ?? subject.answers, never)) {
        if (event?.type === 'delta') seen += 1;
        break;
      }
      expect(seen).toBe(1);
    });

    if (!canFail) return;
    it('fails with our error, without the provider’s text', async () => {
      const model = subject.refuses ?? '';
      const failure = await collect(ask(model, never)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ProviderError);
      expect(everythingIn(failure)).not.toContain('secret');
    });
  });
}

async function collect(
  answer: AsyncIterable<readonly CompletionEvent[]>,
): Promise<CompletionEvent[]> {
  const collected = [];
  for await (const events of answer) collected.push(...events);
  return collected;
}

function textOf(events: readonly CompletionEvent[]): string {
  return events.map((event) => (event.type === 'delta' ? event.text : '')).join('');
}

/** Returns an error and its causes as a log would write them. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${String(error.stack)} ${JSON.stringify(error)} ${everythingIn(error.cause)}`;
}
