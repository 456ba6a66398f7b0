import { describe, expect, it } from '@jest/globals';
import { after, choice, word } from '../../../test/support/answer-steps.js';

const thought = choice({ reasoning_content: 'hm' });
const error = { error: { message: 'secret' } };
const usage = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

describe('an answer with more than 512 tool calls', () => {
  const callsOf = (count: number, from = 0) =>
    choice({
      tool_calls: Array.from({ length: count }, (_, n) => ({
        ...{ index: from + n, id: `c${String(from + n)}` },
      })),
    });
  const cut = { phase: 'over', finishReason: 'length', usage: undefined, fault: undefined };

  it('is broken if nothing was passed on', () => {
    const { state, deltas } = after(callsOf(600));
    expect(state.fault).toBe('the provider made too many calls');
    expect(deltas).toEqual([]);
  });

  it.each<[string, object[]]>([
    ['a text', [word]],
    ['reasoning', [thought]],
    ['an event of 512 calls', [callsOf(512)]],
  ])('is cut if %s was passed on, and counted by our own estimate', (_, events) => {
    const passedOn = after(...events).deltas;
    expect(passedOn).toHaveLength(1);
    const counted = { ...callsOf(513, 512), usage: { prompt_tokens: 3, completion_tokens: 0 } };
    const { state, deltas } = after(...events, counted, word, error, usage);
    expect(state).toMatchObject(cut);
    expect(deltas).toEqual(passedOn);
  });

  it('is cut at call 513 if each event has one call', () => {
    const { state, deltas } = after(...Array.from({ length: 600 }, (_, n) => callsOf(1, n)));
    expect(state).toMatchObject(cut);
    expect(deltas).toHaveLength(512);
  });

  it('sends the arguments that were held back', () => {
    const empty = choice({ tool_calls: [{ id: 'x', function: { name: 'f', arguments: '{}' } }] });
    const { state, deltas } = after(empty, callsOf(600));
    expect(state).toMatchObject(cut);
    expect(deltas.at(-1)?.toolCalls).toEqual([{ index: 0, function: { arguments: '{}' } }]);
  });

  it('is cut by the number of pieces, before any piece of the event is read', () => {
    const piece = { index: 0, function: { arguments: '' } };
    const many = choice({ tool_calls: Array.from({ length: 80_000 }, () => piece) });
    expect(after(word, many).state).toMatchObject(cut);
    const most = choice({ tool_calls: Array.from({ length: 512 }, () => piece) });
    expect(after(word, most).state).toMatchObject({ phase: 'open', fault: undefined });
  });
});
