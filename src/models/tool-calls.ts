import { isFields, type Fields } from '../json-fields.js';
import type { ToolCallDelta } from './providers/provider.js';

/** A whole call, in OpenAI's shape: `{id, type, function: {name, arguments}}`. */
export type ToolCall = Fields;

/** Assembles tool calls from their streamed pieces. Arguments are joined. Of other fields, the first value is kept. */
export class ToolCalls {
  private readonly calls = new Map<number, Fields>();
  /** Number of stored characters: each call as JSON at first, and then the text that each further piece adds. */
  size = 0;

  add(deltas: readonly ToolCallDelta[]): void {
    for (const { index, ...piece } of deltas) {
      const call = this.calls.get(index);
      const merged = merge(call ?? {}, piece);
      this.size += call ? textOf(merged) - textOf(call) : JSON.stringify(merged).length;
      this.calls.set(index, merged);
    }
  }

  /** Returns the calls so far, in their order. */
  list(): ToolCall[] {
    return [...this.calls].sort(([one], [other]) => one - other).map(([, call]) => withName(call));
  }
}

/** Returns a call with an empty name if its provider sent none, because clients need the field. */
function withName(call: Fields): ToolCall {
  const called = call['function'];
  return isFields(called) ? { ...call, function: { name: '', ...called } } : call;
}

/** Returns the number of characters in the texts of a call: its arguments, names and ids. */
function textOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + textOf(one), 0);
}

function merge(call: Fields, piece: Fields): Fields {
  const merged: Record<string, unknown> = { ...call };
  for (const [name, value] of Object.entries(piece)) {
    const before = call[name];
    if (value === null) continue;
    if (isFields(value)) merged[name] = merge(isFields(before) ? before : {}, value);
    else if (name === 'arguments' && typeof before === 'string')
      merged[name] = before + (typeof value === 'string' ? value : JSON.stringify(value));
    else if (before === undefined || before === '') merged[name] = value;
  }
  return merged;
}
