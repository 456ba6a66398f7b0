import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byEffort } from '../../../test/support/effort.js';
import { ToolCalls } from '../tool-calls.js';
import { INITIAL_STATE, end, step, type AnswerState } from './answer-machine.js';
import { readEvents } from './event-reader.js';

/** One answer: words, reasoning and tool calls, in this order. */
interface Answer {
  readonly words: readonly string[];
  readonly thoughts: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: string }[];
}

/** The form of an answer: everything that servers do differently. */
interface Style {
  readonly lineEnd: string;
  readonly emptyReason: unknown;
  readonly isReasonWithLastWord: boolean;
  readonly reasonTimes: number;
  readonly hasIndex: boolean;
  readonly hasDone: boolean;
  readonly usageAt: 'each chunk' | 'the end' | 'nowhere';
  readonly noise: readonly string[];
  readonly cuts: readonly number[];
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const answers: fc.Arbitrary<Answer> = fc.record({
  words: fc.array(text, { minLength: 1, maxLength: 5 }),
  thoughts: fc.array(text, { maxLength: 3 }),
  calls: fc
    .array(fc.json({ maxDepth: 2 }), { maxLength: 3 })
    .map((all) =>
      all.map((json, n) => ({ id: `c${String(n)}`, name: `f${String(n)}`, args: `{"x":${json}}` })),
    ),
});

const NOISE = [
  ': ping',
  ':',
  'data:',
  'data: ',
  'event: ping\ndata:',
  'retry: 5',
  'id: 7\ndata:',
  'data: {"choices":[]}',
  'data: {}',
  'data: {"type":"info","request_id":"x"}',
  'data: {"choices":null,"usage":null}',
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":null}]}',
];

const styles: fc.Arbitrary<Style> = fc.record({
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  emptyReason: fc.constantFrom(null, '', undefined, 'null'),
  isReasonWithLastWord: fc.boolean(),
  reasonTimes: fc.integer({ min: 1, max: 3 }),
  hasIndex: fc.boolean(),
  hasDone: fc.boolean(),
  usageAt: fc.constantFrom('each chunk', 'the end', 'nowhere'),
  noise: fc.array(fc.constantFrom(...NOISE), { maxLength: 8 }),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
});

const USAGE = { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 };

/** Returns the chunks of an answer, and the chunks that end it. */
function chunksOf({ words, thoughts, calls }: Answer, style: Style) {
  const usage = style.usageAt === 'each chunk' ? { usage: USAGE } : {};
  const chunk = (delta: object, finish_reason: unknown = style.emptyReason) => ({
    choices: [{ ...(style.hasIndex && { index: 0 }), delta, finish_reason }],
    ...usage,
  });
  const pieces = calls.flatMap(({ id, name, args }, n) => {
    const index = style.hasIndex ? { index: n } : {};
    const half = Math.ceil(args.length / 2);
    const piece = (rest: object) => chunk({ tool_calls: [{ ...index, ...rest }] });
    return [
      piece({ id, type: 'function', function: { name, arguments: args.slice(0, half) } }),
      piece({ function: { arguments: args.slice(half) } }),
    ];
  });
  const output = [
    ...thoughts.map((thought) => chunk({ reasoning_content: thought })),
    ...pieces,
    ...words.slice(0, -1).map((word) => chunk({ content: word })),
  ];
  const lastWord = { content: words.at(-1) };
  const ending = style.isReasonWithLastWord
    ? [chunk(lastWord, 'stop')]
    : [chunk(lastWord), chunk({}, 'stop')];
  const again = Array.from({ length: style.reasonTimes - 1 }, () => chunk({}, 'stop'));
  const counts = style.usageAt === 'the end' ? [{ choices: [], usage: USAGE }] : [];
  return { output, ending: [...ending, ...again, ...counts] };
}

const toEvent = (chunk: unknown) =>
  `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}`;

/** Returns the events as bytes, with noise between them, and cut at arbitrary places. */
function bytesOf(events: readonly string[], { lineEnd, noise, cuts }: Style): Uint8Array[] {
  const mixed = events.flatMap((event, n) =>
    noise[n] === undefined ? [event] : [noise[n], event],
  );
  const all = mixed.map((event) => `${event}\n\n`.replaceAll('\n', lineEnd)).join('');
  const bytes = new TextEncoder().encode(all);
  const parts: Uint8Array[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = cuts[n % cuts.length] ?? 1;
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

/** Reads an answer from bytes. `isReset` breaks the connection after them. */
async function read(parts: readonly Uint8Array[], isReset: boolean) {
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract
  async function* body() {
    yield* parts;
    if (isReset) throw new Error('reset');
  }
  let state: AnswerState = INITIAL_STATE;
  const read = { text: '', reasoning: '' };
  const calls = new ToolCalls();
  let isOrderly = true;
  try {
    for await (const event of readEvents(body(), 1_000_000)) {
      const next = step(state, event);
      state = next.state;
      read.text += next.delta?.text ?? '';
      read.reasoning += next.delta?.reasoning ?? '';
      calls.add(next.delta?.toolCalls ?? []);
    }
  } catch {
    isOrderly = false;
  }
  return { ...read, calls: calls.list(), state: end(state, isOrderly) };
}

const ERRORS = [
  '{"error":{"message":"x","code":500}}',
  '{"error":"overloaded"}',
  '{"object":"error","message":"x"}',
  '{"type":"error","message":"x"}',
  '{"code":"500","message":"x"}',
  '{"detail":"x"}',
  '{"errors":[{"message":"x"}]}',
  '{"choices":[{"index":0,"delta":{},"error":{"message":"x"}}]}',
  '{"choices":[{"index":0,"delta":{},"finish_reason":"network_error"}]}',
  '{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"abort"}]}',
  '{"choices":[{"index":0,"delta":{},"message":{"error":"x"}}]}',
  '{"choices":',
  'null',
  '[]',
  '"text"',
].map(toEvent);

const named = 'event: error\ndata: {"message":"x"}';

/** Enough random cases to find faults, in a bounded time. */
const RUNS = { numRuns: byEffort({ light: 200, full: 1000 }) };

describe('an answer, however its server writes it', () => {
  it('arrives whole', async () => {
    await fc.assert(
      fc.asyncProperty(answers, styles, fc.boolean(), async (answer, style, isReset) => {
        const { output, ending } = chunksOf(answer, style);
        const events = [...output, ...ending, ...(style.hasDone ? ['[DONE]'] : [])].map(toEvent);
        const {
          state,
          text: words,
          reasoning,
          calls,
        } = await read(bytesOf(events, style), isReset);
        const reason = answer.calls.length > 0 ? 'tool_calls' : 'stop';
        expect([state.phase, state.finishReason]).toEqual(['over', reason]);
        expect(words).toBe(answer.words.join(''));
        expect(reasoning).toBe(answer.thoughts.join(''));
        expect(calls.map((call) => [call['id'], call['function']])).toEqual(
          answer.calls.map(({ id, name, args }) => [id, { name, arguments: args }]),
        );
        const counted = { promptTokens: 7, completionTokens: 9 };
        expect(state.usage).toEqual(style.usageAt === 'nowhere' ? undefined : counted);
      }),
      RUNS,
    );
  });

  it('is broken if an error arrives in its middle, whatever follows', async () => {
    await fc.assert(
      fc.asyncProperty(
        answers,
        styles,
        fc.constantFrom(...ERRORS, named),
        fc.nat(),
        async (answer, style, error, at) => {
          const { output, ending } = chunksOf(answer, style);
          const events = [...output, ...ending, '[DONE]'].map(toEvent);
          events.splice(at % (output.length + 1), 0, error);
          const { state } = await read(bytesOf(events, style), false);
          expect(state.phase).toBe('broken');
        },
      ),
      RUNS,
    );
  });

  it('is broken if the connection ends too early', async () => {
    await fc.assert(
      fc.asyncProperty(
        answers,
        styles,
        fc.nat(),
        fc.boolean(),
        async (answer, style, at, isReset) => {
          const { output } = chunksOf(answer, style);
          const events = output.slice(0, at % (output.length + 1)).map(toEvent);
          const { state } = await read(bytesOf(events, style), isReset);
          expect(state.phase).toBe('broken');
        },
      ),
      RUNS,
    );
  });
});
