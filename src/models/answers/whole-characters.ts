import type { CompletionDelta, ToolCallDelta } from '../provider.js';
import { isFields } from '../../json-fields.js';

/**
 * Joins the characters that a server has cut in two. In JavaScript and Java an emoji is two units, and JSON can carry
 * each in an event of its own. Clients in other languages fail at a half. A half alone becomes U+FFFD, and NUL too, as
 * in the history.
 */
export class WholeCharacters {
  /** The first halves that wait for the second, by the text that they end. */
  private readonly halves = new Map<string, string>();

  /** Returns the delta with whole characters. Returns undefined if nothing is left of it. */
  join(delta: CompletionDelta): CompletionDelta | undefined {
    const { text, reasoning = '', thoughtParts, toolCalls } = delta;
    if (this.halves.size === 0 && !toolCalls && isPlain(text) && isPlain(reasoning)) return delta;
    const joined = {
      ...delta,
      text: this.joinText('text', text),
      ...(reasoning !== '' && { reasoning: this.joinText('reasoning', reasoning) }),
      ...(toolCalls && { toolCalls: toolCalls.map((call) => this.joinCall(call)) }),
    };
    const isEmpty = joined.text === '' && !joined.reasoning && !thoughtParts && !toolCalls;
    return isEmpty ? undefined : joined;
  }

  /** Returns what still waits at the end of the answer. */
  rest(): CompletionDelta[] {
    return [...this.halves.keys()].map((name) => {
      if (name === 'text') return { type: 'delta', text: REPLACEMENT };
      if (name === 'reasoning') return { type: 'delta', text: '', reasoning: REPLACEMENT };
      const call = { index: Number(name), function: { arguments: REPLACEMENT } };
      return { type: 'delta', text: '', toolCalls: [call] };
    });
  }

  private joinText(name: string, piece: string): string {
    return this.joinPiece(name, piece).replaceAll('\0', REPLACEMENT);
  }

  /** Joins the arguments of a call. They are JSON, in which NUL is always escaped. */
  private joinCall(call: ToolCallDelta): ToolCallDelta {
    const { function: called } = call;
    const piece = isFields(called) ? called['arguments'] : undefined;
    if (!isFields(called) || typeof piece !== 'string') return call;
    const joined = this.joinPiece(String(call.index), piece);
    return { ...call, function: { ...called, arguments: joined } };
  }

  private joinPiece(name: string, piece: string): string {
    const all = (this.halves.get(name) ?? '') + piece;
    const hasHalf = FIRST_HALF.test(all);
    if (hasHalf) this.halves.set(name, all.slice(-1));
    else this.halves.delete(name);
    return (hasHalf ? all.slice(0, -1) : all).toWellFormed();
  }
}

const REPLACEMENT = '\ufffd';
/** The first half of a character at the end of a text. */
const FIRST_HALF = /[\ud800-\udbff]$/;

const isPlain = (text: string) => text.isWellFormed() && !text.includes('\0');
