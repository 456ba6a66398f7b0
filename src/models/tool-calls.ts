import { charsIn } from './chars-in.js';
import { isFields, type Fields } from '../json-fields.js';
import type { ToolCallDelta } from './provider.js';

/** A whole call, in OpenAI's shape: `{id, type, function: {name, arguments}}`. */
export type ToolCall = Fields;

/** Assembles tool calls from their streamed pieces. Arguments are joined. Of other fields, the first value is kept. */
export class ToolCalls {
  private readonly calls = new Map<number, Fields>();
  /** Number of stored characters, as `charsIn` counts them. */
  size = 0;

  add(deltas: readonly ToolCallDelta[]): void {
    for (const { index, ...piece } of deltas) {
      this.calls.set(index, this.merge(this.calls.get(index) ?? {}, piece));
    }
  }

  /** Returns the calls so far, in their order. */
  list(): ToolCall[] {
    return [...this.calls].sort(([one], [other]) => one - other).map(([, call]) => withName(call));
  }

  private merge(call: Fields, piece: Fields): Fields {
    const merged: Record<string, unknown> = { ...call };
    for (const [name, value] of Object.entries(piece)) {
      const before = call[name];
      if (value === null) continue;
      if (before === undefined) this.size += name.length;
      if (isFields(value)) {
        merged[name] = this.merge(isFields(before) ? before : {}, value);
      } else if (name === 'arguments' && typeof before === 'string') {
        const added = typeof value === 'string' ? value : JSON.stringify(value);
        merged[name] = before + added;
        this.size += added.length;
      } else if (before === undefined || before === '') {
        merged[name] = value;
        this.size += charsIn(value);
      }
    }
    return merged;
  }
}

/** Returns a call with an empty name if its provider sent none, because clients need the field. */
function withName(call: Fields): ToolCall {
  const called = call['function'];
  return isFields(called) ? { ...call, function: { name: '', ...called } } : call;
}
