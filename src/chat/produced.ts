import type { CompletionDelta } from '../models/provider.js';
import { charsIn } from '../models/chars-in.js';
import { CollectedParts } from '../models/thought-parts.js';
import { ToolCalls } from '../models/tool-calls.js';

/** Signatures and encrypted thinking are not charged by length, so their size has a limit of its own. */
const PARTS_MAX_CHARS = 1_048_576;

/** The output of a model so far. */
export class Produced {
  private text = '';
  private reasoning = '';
  private readonly toolCalls = new ToolCalls();
  private readonly parts = new CollectedParts();

  /** Adds a delta. Returns false, and adds nothing of it, if there are too many parts of the thinking. */
  add({ text, reasoning = '', thoughtParts, toolCalls = [] }: CompletionDelta): boolean {
    if (thoughtParts) {
      const size = charsIn(thoughtParts);
      if (this.parts.size + size > PARTS_MAX_CHARS) return false;
      this.parts.add(thoughtParts);
    }
    this.text += text;
    this.reasoning += reasoning;
    this.toolCalls.add(toolCalls);
    return true;
  }

  /** The size in characters, without the parts of the thinking, whose text is also in `reasoning`. */
  get size(): number {
    return this.text.length + this.reasoning.length + this.toolCalls.size;
  }

  /** Whether there was any output that the caller may have received. */
  get isAny(): boolean {
    return this.size + this.parts.size > 0;
  }

  all() {
    const { text, reasoning, toolCalls, parts } = this;
    return { text, reasoning, thoughtParts: parts.toText(), toolCalls: toolCalls.list() };
  }
}
