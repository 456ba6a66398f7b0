import type { ToolCallDelta } from './providers/provider.js';

/** A whole call, in OpenAI's shape: `{id, type, function: {name, arguments}}`. */
export type ToolCall = Readonly<Record<string, unknown>>;

/** Puts the pieces of tool calls together as they stream in: arguments are joined, the rest is kept. */
export class ToolCalls {
  private readonly calls = new Map<number, Record<string, unknown>>();
  /** Characters of all pieces as JSON: what bounds the memory they take. */
  size = 0;

  add(deltas: readonly ToolCallDelta[]): void {
    for (const { index, ...piece } of deltas) {
      this.size += JSON.stringify(piece).length;
      this.calls.set(index, merge(this.calls.get(index) ?? {}, piece));
    }
  }

  /** The calls as far as they came, in their order. */
  list(): ToolCall[] {
    return [...this.calls].sort(([one], [other]) => one - other).map(([, call]) => call);
  }
}

function merge(call: Record<string, unknown>, piece: Readonly<Record<string, unknown>>) {
  const merged = { ...call };
  for (const [name, value] of Object.entries(piece)) {
    const before = call[name];
    if (isObject(value)) merged[name] = merge(isObject(before) ? before : {}, value);
    else if (name === 'arguments' && typeof before === 'string')
      merged[name] = before + String(value);
    else if (before === undefined || before === '') merged[name] = value;
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
