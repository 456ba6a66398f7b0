import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { Attempt } from '../../src/chat/attempt.js';
import { Generation } from '../../src/chat/generation.js';
import type { Outcome } from '../../src/chat/outcome.js';
import type { Price } from '../../src/config/prices.js';
import { Turn } from '../../src/conversations/turn.entity.js';
import type { Model } from '../../src/models/model-catalogue.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
} from '../../src/models/provider.js';

export const TIMEOUT_MS = 60_000;
/** More than any answer here costs. */
const HELD = 1000;

export type Step = CompletionEvent | Error | 'hang' | (() => void);

export const word = (text: string) => ({ type: 'delta', text }) as const;
export const done = { type: 'done', finishReason: 'stop', usage: undefined } as const;

/** A model that follows a script, and then ends its stream. `hang` ignores the signal and never ends. */
export class Scripted implements CompletionProvider {
  readonly name = 'scripted';
  readonly asked: CompletionRequest[] = [];
  isReturned = false;

  constructor(private readonly steps: readonly Step[]) {}

  complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    this.asked.push(request);
    const steps = [...this.steps];
    const next = async (): Promise<IteratorResult<readonly CompletionEvent[]>> => {
      const step = steps.shift();
      if (step === undefined) return { done: true, value: undefined };
      if (step === 'hang') return new Promise(() => undefined);
      if (step instanceof Error) throw step;
      if (typeof step !== 'function') return { done: false, value: [step] };
      step();
      return next();
    };
    const over = () => {
      this.isReturned = true;
      return Promise.reject(new Error('a stream that cannot be closed'));
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: over }) };
  }
}

/** One completion token costs one, and one token of the prompt costs ten. */
const METERED = { per1kPrompt: 10_000, per1kCompletion: 1000 };

/** A request with one message to a model. */
export function attemptAt(
  provider: CompletionProvider,
  id = 'first',
  price: Price = METERED,
): Attempt {
  const maxTokensField = 'max_tokens';
  const limits = { contextTokens: 1000, maxTokens: 9, maxTokensField } as const;
  const model = { id, upstream: id, provider, price, unseenThinkingPerSecond: 1, ...limits };
  const messages = [{ role: 'user', content: 'hi' }] as const;
  return { model, request: { model: id, messages, maxTokens: 9, maxTokensField, extra: {} } };
}

/** A limit of time that a test fires by itself, so that no result depends on the speed of the machine. */
interface Timer {
  readonly ms: number;
  readonly fire: () => void;
  isCleared: boolean;
}

/** Prepares answers, and records how they are settled. */
export function stageAnswers() {
  const mocks: { mockRestore(): void }[] = [];
  const timers: Timer[] = [];
  const settled: { outcome: Outcome; model: Model }[] = [];

  beforeEach(() => {
    timers.length = 0;
    settled.length = 0;
    const [start, stop] = [globalThis.setTimeout, globalThis.clearTimeout];
    const startOr = (fire: () => void, ms = 0) => {
      if (ms < TIMEOUT_MS / 10) return start(fire, ms);
      const timer = { ms, fire, isCleared: false };
      timers.push(timer);
      return timer as unknown as NodeJS.Timeout;
    };
    const stopOr = (timer?: NodeJS.Timeout | string | number) => {
      const own = timers.find((one) => one === (timer as unknown));
      if (own) own.isCleared = true;
      else stop(timer);
    };
    mocks.push(
      jest.spyOn(globalThis, 'setTimeout').mockImplementation(startOr),
      jest.spyOn(globalThis, 'clearTimeout').mockImplementation(stopOr),
    );
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });

  return {
    timers,
    settled,
    generationOf: (...attempts: Attempt[]) =>
      new Generation({
        turnId: 'turn',
        conversationId: 'conversation',
        attempts,
        held: HELD,
        timeoutMs: TIMEOUT_MS,
        settle: (outcome, model) => {
          settled.push({ outcome, model });
          return Promise.resolve(Object.assign(new Turn(), { response: outcome.response }));
        },
      }),
    /** Ends the time of the whole answer. */
    fireTimeout: () => {
      timers[0]?.fire();
    },
    /** Returns the one outcome. No limit of time may be left by then. */
    outcome: (): Outcome => {
      expect(settled).toHaveLength(1);
      expect(timers.map(({ isCleared }) => isCleared)).toEqual(timers.map(() => true));
      return (settled[0] as { outcome: Outcome }).outcome;
    },
  };
}

/** The signal of a caller who stays. */
export const staying = () => new AbortController().signal;

/** Returns the error of an answer that fails. */
export const failureOf = (running: Promise<Turn>): Promise<unknown> =>
  running.then(
    () => undefined,
    (error: unknown) => error,
  );
