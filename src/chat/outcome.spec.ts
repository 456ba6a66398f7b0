import { describe, expect, it } from '@jest/globals';
import type { Model } from '../models/model-catalogue.js';
import { outcomeOf } from './outcome.js';

describe('the outcome of an answer', () => {
  const model = { price: { per1kPrompt: 0, per1kCompletion: 1000 }, imageTokens: 0 } as Model;
  const request = { messages: [{ role: 'user', content: 'What is the time?' }] } as const;
  const asked = { model, request, held: 10_000 };
  const cutOff = { status: 'aborted', ending: 'gone mid-answer', done: undefined } as const;

  it('counts reasoning and tool calls as output, if the provider reports no usage', () => {
    const text = 'word '.repeat(40);
    const call = { id: 'call', type: 'function', function: { name: 'time', arguments: text } };
    const empty = outcomeOf(asked, { ...cutOff, text: '', toolCalls: [] });
    expect(empty).toMatchObject({
      completionTokens: 0,
      amount: 0,
      reasoning: '',
      thoughtParts: '',
    });
    const outcomes = [
      outcomeOf(asked, { ...cutOff, text, toolCalls: [] }),
      outcomeOf(asked, { ...cutOff, text: '', reasoning: text, toolCalls: [] }),
      outcomeOf(asked, { ...cutOff, text: '', toolCalls: [call] }),
    ];
    for (const { completionTokens, promptTokens, amount } of outcomes) {
      expect(completionTokens).toBeGreaterThan(20);
      expect(amount).toBe(completionTokens);
      expect(promptTokens).toBe(empty.promptTokens);
    }
  });

  it('has the finish reason `length` if the provider reported no end', () => {
    expect(outcomeOf(asked, { ...cutOff, text: 'Half', toolCalls: [] }).finishReason).toBe(
      'length',
    );
    const done = { finishReason: 'stop', usage: undefined } as const;
    const whole = outcomeOf(asked, { ...cutOff, text: 'Half', toolCalls: [], done });
    expect(whole.finishReason).toBe('stop');
  });

  it('counts no prompt if no model was called', () => {
    const made = { ...cutOff, text: '', toolCalls: [] };
    expect(outcomeOf(asked, made).promptTokens).toBeGreaterThan(0);
    const never = outcomeOf(asked, { ...made, ending: 'never asked' });
    expect([never.promptTokens, never.amount]).toEqual([0, 0]);
  });

  it('counts what was thought unseen, up to the longest answer, only if the answer was stopped', () => {
    const limited = { ...asked, request: { ...request, maxTokens: 50 } };
    const made = { ...cutOff, text: 'word '.repeat(6), toolCalls: [], unseenTokens: 20 };
    expect(outcomeOf(limited, made)).toMatchObject({ completionTokens: 30, reasoningTokens: 20 });
    const silent = { ...made, ending: 'gone before output', text: '' } as const;
    expect(outcomeOf(limited, silent)).toMatchObject({ completionTokens: 20, amount: 20 });
    const long = outcomeOf(limited, { ...made, unseenTokens: 1000 });
    expect([long.completionTokens, long.reasoningTokens]).toEqual([50, 40]);
    for (const ending of ['complete', 'failed', 'never asked'] as const) {
      const other = outcomeOf(limited, { ...made, ending });
      expect([other.completionTokens, other.reasoningTokens]).toEqual([10, 0]);
    }
  });
});
