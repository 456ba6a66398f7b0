import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answers, bytesOf, chunksOf, styles, toEvent } from '../../../test/support/answer-forms.js';
import { byEffort } from '../../../test/support/effort.js';
import { seed } from '../../../test/support/seeded-random.js';
import { CollectedParts, readThoughtParts } from '../thought-parts.js';
import { ToolCalls } from '../tool-calls.js';
import { INITIAL_STATE, end, step, type AnswerState } from './answer-machine.js';
import { EventReader } from './event-reader.js';

/** Reads an answer from bytes. `isReset` breaks the connection after them. */
function read(pieces: readonly Uint8Array[], isReset: boolean) {
  const reader = new EventReader(1_000_000);
  function* lists() {
    for (const piece of pieces) yield* reader.read(piece);
    if (!isReset) yield* reader.readEnd();
  }
  let state: AnswerState = INITIAL_STATE;
  const read = { text: '', reasoning: '' };
  const calls = new ToolCalls();
  const collected = new CollectedParts();
  for (const event of [...lists()].flat()) {
    const next = step(state, event);
    state = next.state;
    read.text += next.delta?.text ?? '';
    read.reasoning += next.delta?.reasoning ?? '';
    calls.add(next.delta?.toolCalls ?? []);
    collected.add(next.delta?.thoughtParts ?? {});
  }
  const parts = readThoughtParts(collected.toText())?.reasoning_details ?? [];
  return { ...read, calls: calls.list(), parts, state: end(state, !isReset) };
}

const ERRORS = [
  '{"error":{"message":"x","code":500}}',
  '{"error":"overloaded"}',
  '{"object":"error","message":"x"}',
  '{"type":"error","message":"x"}',
  '{"code":"500","message":"x"}',
  '{"detail":"x"}',
  '{"errors":[{"message":"x"}]}',
  '{"errorMessage":"x"}',
  '{"ERROR":"x"}',
  '{"modelStreamErrorException":{"message":"x"}}',
  '{"type":"ThrottlingException"}',
  '{"data":{"error":"x"}}',
  '{"response":{"status":"failed"}}',
  '{"header":{"code":10013,"message":"x"}}',
  '{"state":"error"}',
  '{"isError":true}',
  '{"choices":[{"index":0,"delta":{"finish_reason":"error"}}]}',
  '{"choices":[{"index":0,"delta":{},"error":{"message":"x"}}]}',
  '{"choices":[{"index":0,"delta":{},"finish_reason":"network_error"}]}',
  '{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"abort"}]}',
  '{"choices":[{"index":0,"delta":{},"message":{"error":"x"}}]}',
  '{"choices":',
  '[{}]',
  '"text"',
].map(toEvent);

const named = 'event: error\ndata: {"message":"x"}';

/** Enough random cases to find faults, in a bounded time. */
const RUNS = { seed, numRuns: byEffort({ light: 200, full: 1000 }) };

describe('an answer, however its server writes it', () => {
  it('arrives whole', () => {
    fc.assert(
      fc.property(answers, styles, fc.boolean(), (answer, style, isReset) => {
        const { output, ending } = chunksOf(answer, style);
        const events = [...output, ...ending, ...(style.hasDone ? ['[DONE]'] : [])].map(toEvent);
        const {
          state,
          text: words,
          reasoning,
          calls,
          parts,
          // The last line without a blank line is not read before the connection ends in order.
        } = read(bytesOf(events, style), isReset && style.hasBlankLines);
        const reason = answer.calls.length > 0 ? 'tool_calls' : 'stop';
        expect([state.phase, state.finishReason]).toEqual(['over', reason]);
        expect(words).toBe(answer.words.join(''));
        expect(reasoning).toBe(answer.thoughts.join(''));
        const hasParts = style.hasParts && reasoning !== '';
        expect(parts.map((part) => part['text'])).toEqual(hasParts ? [reasoning] : []);
        expect(calls.map((call) => [call['id'], call['function']])).toEqual(
          answer.calls.map(({ id, name, args }) => [id, { name, arguments: args }]),
        );
        const counted = { promptTokens: 7, completionTokens: 9 };
        expect(state.usage).toEqual(style.usageAt === 'nowhere' ? undefined : counted);
      }),
      RUNS,
    );
  });

  it('is broken if an error arrives in its middle, whatever follows', () => {
    fc.assert(
      fc.property(
        answers,
        styles,
        fc.constantFrom(...ERRORS, named),
        fc.nat(),
        (answer, style, error, at) => {
          const { output, ending } = chunksOf(answer, style);
          const events = [...output, ...ending, '[DONE]'].map(toEvent);
          events.splice(at % (output.length + 1), 0, error);
          const { state } = read(bytesOf(events, style), false);
          expect(state.phase).toBe('broken');
        },
      ),
      RUNS,
    );
  });

  it('is broken if the connection ends too early', () => {
    fc.assert(
      fc.property(answers, styles, fc.nat(), fc.boolean(), (answer, style, at, isReset) => {
        const { output } = chunksOf(answer, style);
        const events = output.slice(0, at % (output.length + 1)).map(toEvent);
        const { state } = read(bytesOf(events, style), isReset);
        expect(state.phase).toBe('broken');
      }),
      RUNS,
    );
  });
});
