import { shownText } from '../shown-text.js';
import type { ChatMessage } from '../models/provider.js';
import { refuse } from './content-parts.js';

/** Returns the outputs of tools that no earlier message called. */
function unmatchedOutputs(messages: readonly ChatMessage[]): ChatMessage[] {
  const called = new Set<unknown>();
  return messages.filter(({ role, tool_calls: calls = [], tool_call_id: id }) => {
    for (const call of calls as { id: unknown }[]) called.add(call.id);
    return role === 'tool' && !called.has(id);
  });
}

/**
 * Throws a 400 if an output has no call of the model before it. Servers refuse such an output with sentences
 * of their own.
 */
export function assertOutputsHaveCalls(messages: readonly ChatMessage[]): void {
  const [unmatched] = unmatchedOutputs(messages);
  if (!unmatched) return;
  const id = String(unmatched['tool_call_id']);
  refuse('input', `No tool call found for function call output with call_id ${shownText(id)}.`);
}

/** Returns earlier messages without outputs whose calls were deleted, or are too old to be sent. */
export function withoutUnmatchedOutputs(messages: readonly ChatMessage[]): ChatMessage[] {
  const unmatched = new Set(unmatchedOutputs(messages));
  return messages.filter((message) => !unmatched.has(message));
}
