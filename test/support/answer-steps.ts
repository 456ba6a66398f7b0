import { INITIAL_STATE, step, type AnswerState } from '../../src/models/answers/answer-machine.js';
import type { CompletionDelta } from '../../src/models/provider.js';
import { ToolCalls } from '../../src/models/tool-calls.js';

/** An event of a provider: its data, or the value that is its JSON. `!` before a text makes it an event `error`. */
export type AnswerEvent = string | object;

/** An event with one choice. */
export const choice = (delta: unknown, finish_reason: unknown = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
export const word = choice({ content: 'Hi' });
export const stop = choice({}, 'stop');

/** Returns the state of the answer after these events, and their output. */
export function after(...events: readonly AnswerEvent[]) {
  let state: AnswerState = INITIAL_STATE;
  const deltas: CompletionDelta[] = [];
  for (const event of events) {
    const text = typeof event === 'string' ? event : JSON.stringify(event);
    const isNamed = text.startsWith('!');
    const next = step(state, {
      name: isNamed ? 'error' : '',
      text: isNamed ? text.slice(1) : text,
    });
    state = next.state;
    if (next.delta) deltas.push(next.delta);
  }
  return { state, deltas };
}

/** Returns the answer after these events, with its calls as `id name arguments`. The id `new` is one of ours. */
export function answerOf(...events: readonly AnswerEvent[]) {
  const { state, deltas } = after(...events);
  const calls = new ToolCalls();
  for (const { toolCalls = [] } of deltas) calls.add(toolCalls);
  return {
    phase: state.phase,
    finishReason: state.finishReason,
    usage: state.usage,
    text: deltas.map((delta) => delta.text).join(''),
    reasoning: deltas.map((delta) => delta.reasoning ?? '').join(''),
    thoughtParts: deltas.flatMap(({ thoughtParts }) => (thoughtParts ? [thoughtParts] : [])),
    calls: calls.list().map((call) => {
      const { name, arguments: args } = call['function'] as { name?: string; arguments: string };
      return `${String(call['id']).replace(/^call_[0-9a-f]{24}$/, 'new')} ${name ?? '-'} ${args}`;
    }),
  };
}
