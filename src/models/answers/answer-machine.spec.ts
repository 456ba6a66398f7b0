import { describe, expect, it } from '@jest/globals';
import { after, choice, stop, word } from '../../../test/support/answer-steps.js';
import { end, endIdle, step, type AnswerState, type Phase } from './answer-machine.js';

type Event = string | object;

const thought = choice({ reasoning_content: 'hm' });
const call = choice({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f' } }] });
const half = choice({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{' } }] });
const abort = choice({}, 'abort');
const last = choice({ content: '!' }, 'stop');
const usage = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };
const error = { error: { message: 'secret' } };
const DONE = '[DONE]';
const JUNK = '{"choices"';

describe('an answer', () => {
  it.each<[string, Event[], Phase]>([
    ['nothing', [], 'silent'],
    [
      'chunks without a choice',
      [{}, { choices: null }, { choices: [] }, { choices: [null] }],
      'silent',
    ],
    ['a role', [choice({ role: 'assistant', content: '' })], 'silent'],
    ['a word', [word], 'open'],
    ['reasoning', [thought], 'open'],
    ['a call', [call], 'open'],
    ['a finish reason', [word, stop], 'ended'],
    ['a finish reason with the last word', [last], 'ended'],
    ['a finish reason and no word', [stop], 'ended'],
    ['an empty finish reason', [choice({ content: 'Hi' }, '')], 'open'],
    ['a finish reason and usage', [word, stop, usage], 'ended'],
    ['two finish reasons', [word, stop, stop], 'ended'],
    ['a finish reason and then a word', [word, stop, word], 'open'],
    ['[DONE] after a finish reason', [word, stop, DONE], 'over'],
    ['[DONE] after a word', [word, ` ${DONE} `], 'over'],
    ['[DONE] after a call', [call, DONE], 'over'],
    ['[DONE] after half a call', [half, DONE], 'broken'],
    ['[DONE] after a word and an unknown event', [word, { fault: 'x' }, DONE], 'broken'],
    ['[DONE] after a word and a ping', [{ type: 'ping' }, word, {}, DONE], 'over'],
    ['a finish reason after an unknown event', [{ type: 'info' }, word, stop, DONE], 'over'],
    ['[DONE] after reasoning alone', [thought, DONE], 'broken'],
    ['[DONE] alone', [DONE], 'broken'],
    ['a finish reason that reports an abort', [word, abort], 'broken'],
    ['an abort after another finish reason', [word, stop, abort], 'broken'],
    ['an error', [word, error], 'broken'],
    ['an error before a word', [error], 'broken'],
    ['an event named error', [word, '!{"message":"x"}', DONE], 'broken'],
    ['invalid JSON', [word, JUNK], 'broken'],
    ['an empty list', [word, []], 'open'],
    ['a list', [word, [{}]], 'broken'],
    ['an error after a finish reason', [word, stop, error], 'over'],
    ['invalid JSON after a finish reason', [word, stop, JUNK], 'over'],
    ['an error after words that followed a finish reason', [last, last, error], 'broken'],
    ['an error after [DONE]', [word, DONE, error], 'over'],
    ['[DONE] after an error', [word, error, DONE], 'broken'],
  ])('is in the right phase after %s: %#', (_, events, phase) => {
    expect(after(...events).state.phase).toBe(phase);
  });

  it.each<[string, Event[], orderly: Phase, reset: Phase]>([
    ['nothing', [], 'broken', 'broken'],
    ['a word', [word], 'broken', 'broken'],
    ['a finish reason', [word, stop], 'over', 'over'],
    ['a finish reason with each word', [last, last], 'over', 'broken'],
    ['a word after a finish reason', [word, stop, word], 'broken', 'broken'],
    ['[DONE]', [word, DONE], 'over', 'over'],
  ])('ends in the right phase if its connection ends after %s', (_, events, orderly, reset) => {
    const { state } = after(...events);
    expect([end(state, true).phase, end(state, false).phase]).toEqual([orderly, reset]);
  });

  it.each<[string, Event[], Phase]>([
    ['a word', [word], 'broken'],
    ['a finish reason', [word, stop], 'over'],
    ['a finish reason with each word', [last, last], 'broken'],
    ['[DONE]', [word, DONE], 'over'],
    ['an error', [word, error], 'broken'],
  ])('ends in the right phase if too much comes without output after %s', (_, events, phase) => {
    const { state } = after(...events);
    const ended = endIdle(state);
    expect(ended.phase).toBe(phase);
    expect(state.fault ?? ended.fault).toBe(ended.fault);
  });

  it('waits for the usage after the first finish reason, and again after later output', () => {
    const { state: open } = after(word);
    const { state: ended } = after(word, stop);
    expect([open.wait, ended.wait]).toEqual([undefined, { ms: 5000 }]);
    const take = (state: AnswerState, event: object) =>
      step(state, { name: '', text: JSON.stringify(event) }).state;
    expect(take(ended, stop).wait).toBe(ended.wait);
    expect(take(ended, usage).wait).toBe(ended.wait);
    expect(take(ended, word).wait).toBeUndefined();
    const again = take(ended, last);
    expect(again.wait).toEqual({ ms: 30_000 });
    expect(take(again, last).wait).not.toBe(again.wait);
    expect(after(word, DONE).state.wait).toEqual({ ms: 250 });
    expect(after(word, stop, abort).state.wait).toBeUndefined();
  });

  it.each([
    [[stop], 'stop'],
    [[choice({}, 'length')], 'length'],
    [[call, choice({}, 'tool_calls'), stop], 'tool_calls'],
    [[choice({}, 'length'), choice({}, 'tool_calls')], 'length'],
    [[stop, choice({}, 'length')], 'length'],
    [[word, DONE], undefined],
    [[call, DONE], 'tool_calls'],
    [[call, stop], 'tool_calls'],
    [[call, choice({}, 'length'), stop], 'length'],
  ])('keeps the most specific of its finish reasons: %#', (events, reason) => {
    expect(after(...events).state.finishReason).toBe(reason);
  });

  it.each<[(object | string)[], string]>([
    [[word, choice({}, 'tool_calls'), DONE], 'stop'],
    [[word, choice({ tool_calls: [] }, 'tool_use'), DONE], 'stop'],
    [[word, choice({ function_call: null }, 'function_call'), DONE], 'stop'],
    [[choice({}, 'tool_calls'), word, DONE], 'stop'],
    [[choice({}, 'tool_calls'), call, DONE], 'tool_calls'],
  ])('asks for tool calls only if there are any: %#', (events, reason) => {
    const { phase, finishReason = 'stop' } = after(...events).state;
    expect([phase, finishReason]).toEqual(['over', reason]);
  });

  it.each([
    { error: 'secret' },
    { object: 'error', message: 'secret', code: 500 },
    { type: 'error', message: 'secret' },
    { code: '500', message: 'secret' },
    { text: 'secret', error_code: 50001 },
    { detail: 'secret' },
    { errors: [{ message: 'secret' }] },
    { error_msg: 'secret' },
    { status: 503 },
    { base_resp: { status_code: 1004, status_msg: 'secret' }, choices: null },
    { choices: [{ index: 0, delta: {}, error: { message: 'secret' } }] },
    { choices: [], message: 'secret' },
  ])('is broken by %j, and the message is our own', (event) => {
    const { state } = after(word, event, DONE);
    expect([state.phase, state.fault]).toEqual([
      'broken',
      'the provider sent an error in its stream',
    ]);
  });

  it.each([
    { ...word, error: null, code: 0, message: '', base_resp: { status_code: 0 } },
    { ...word, error: { message: '', type: '', param: null, code: null }, errors: {} },
    { ...word, object: 'chat.completion.chunk', type: 'chunk', service_tier: null },
  ])('is not broken by fields that report success: %j', (event) => {
    expect(after(event).state.phase).toBe('open');
  });

  it('reads the choice that came first, whatever its number, and prefers number 0', () => {
    const numbered = (index: number | string, content: string) => ({ index, delta: { content } });
    const textOf = (...events: object[]) => after(...events).deltas.map(({ text }) => text);
    const alone = (index: number | string, content: string) => ({
      choices: [numbered(index, content)],
    });
    expect(textOf(alone(1, 'H'), alone(0, 'No'), alone(1, 'i'))).toEqual(['H', 'i']);
    const both = { choices: [numbered(1, 'No'), numbered(0, 'Hi')] };
    expect(textOf(both, alone(1, 'No'), both)).toEqual(['Hi', 'Hi']);
    // Some servers write the number as a text.
    const asTexts = { choices: [numbered('1', 'No'), numbered('0', 'Hi')] };
    expect(textOf(asTexts, alone('1', 'No'), alone('0', 'Ho'))).toEqual(['Hi', 'Ho']);
  });

  it.each([
    ['an error', (deep: string) => `{"error":${deep}}`],
    ['a text', (deep: string) => `{"choices":[{"delta":{"content":${deep}}}]}`],
    ['a call', (deep: string) => `{"choices":[{"delta":{"tool_calls":[{"id":"a","x":${deep}}]}}]}`],
    ['what is not read', (deep: string) => `{"choices":[{"delta":{"content":"Hi","x":${deep}}}]}`],
  ])('refuses %s that is nested too deeply', (_, around) => {
    const { state } = after(word, around('['.repeat(100_000) + ']'.repeat(100_000)), stop);
    expect(state.fault).toBe('the provider sent what is nested too deeply');
  });
});

describe('the usage of an answer', () => {
  const usageOf = (fields: unknown, place = 'usage') =>
    after({ choices: [], [place]: fields }).state.usage;

  it('is the last reported one, at any place', () => {
    const one = { prompt_tokens: 1, completion_tokens: 2 };
    expect(after({ usage: one }, usage, { usage: null }).state.usage).toEqual({
      ...{ promptTokens: 3, completionTokens: 4 },
    });
    const counted = { promptTokens: 1, completionTokens: 2 };
    expect(usageOf({ usage: one }, 'x_groq')).toEqual(counted);
    expect(after({ choices: [{ delta: {}, usage: one }] }).state.usage).toEqual(counted);
    expect(after(word).state.usage).toBeUndefined();
  });

  it.each([
    ['beside the answer, in the total', { total_tokens: 515 }, 505],
    ['in the answer', { total_tokens: 15, completion_tokens_details: { reasoning_tokens: 3 } }, 5],
    [
      'beside the answer, without a total',
      { completion_tokens_details: { reasoning_tokens: 9 } },
      14,
    ],
    ['not at all', {}, 5],
    ['in a total that is too small', { total_tokens: 3 }, 5],
    ['in a total that is no number', { total_tokens: '999' }, 5],
  ])('counts reasoning %s', (_, fields, completionTokens) => {
    const counts = { prompt_tokens: 10, completion_tokens: 5, ...fields };
    expect(usageOf(counts)).toMatchObject({ promptTokens: 10, completionTokens });
  });

  it('separates reasoning if the provider does', () => {
    const counts = { prompt_tokens: 10, completion_tokens: 5 };
    const thought = { promptTokens: 10, completionTokens: 5, reasoningTokens: 3 };
    const tells = (reasoning: unknown) =>
      usageOf({ ...counts, completion_tokens_details: { reasoning_tokens: reasoning } });
    expect(tells(3)).toEqual(thought);
    expect(tells('3')).toEqual({ promptTokens: 10, completionTokens: 5 });
    expect(usageOf({ ...counts, completion_tokens_details: null })).not.toHaveProperty(
      'reasoningTokens',
    );
  });

  it('includes what was read from the cache', () => {
    const counts = { prompt_tokens: 10, completion_tokens: 5 };
    const cached = { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 8 };
    expect(usageOf({ ...counts, prompt_tokens_details: { cached_tokens: 8 } })).toEqual(cached);
    expect(usageOf({ ...counts, prompt_cache_hit_tokens: 8 })).toEqual(cached);
  });

  it('ignores values that are not counts', () => {
    expect(usageOf({ prompt_tokens: '3' })).toEqual({ promptTokens: NaN, completionTokens: NaN });
  });
});
