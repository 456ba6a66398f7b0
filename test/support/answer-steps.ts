import {
  INITIAL_STATE,
  step,
  type AnswerState,
} from '../../src/models/providers/answer-machine.js';
import type { CompletionDelta } from '../../src/models/providers/provider.js';

/** An event of a provider: its data, or the value that is its JSON. `!` before a text makes it an event `error`. */
export type AnswerEvent = string | object;

/** Returns the answer after these events, and their output. */
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
