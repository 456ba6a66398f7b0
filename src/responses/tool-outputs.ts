import type { ChatMessage } from '../models/providers/provider.js';
import { refuse } from './content-parts.js';

/** The outputs of tools among messages whose calls do not come before them. */
function strayOutputs(messages: readonly ChatMessage[]): ChatMessage[] {
  const called = new Set<unknown>();
  return messages.filter(({ role, tool_calls: calls = [], tool_call_id: id }) => {
    for (const call of calls as { id: unknown }[]) called.add(call.id);
    return role === 'tool' && !called.has(id);
  });
}

/** An output belongs to a call that the model made: servers refuse one that stands alone, in words of their own. */
export function assertAsked(messages: readonly ChatMessage[]): void {
  const [stray] = strayOutputs(messages);
  if (!stray) return;
  const id = String(stray['tool_call_id']);
  refuse('input', `No tool call found for function call output with call_id ${id}.`);
}

/** What was said before, without outputs whose calls were deleted since, or are too long ago to be told. */
export function withoutStrayOutputs(messages: readonly ChatMessage[]): ChatMessage[] {
  const strays = new Set(strayOutputs(messages));
  return messages.filter((message) => !strays.has(message));
}
