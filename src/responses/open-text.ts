import { CollectedParts, type ThoughtParts } from '../models/thought-parts.js';
import { itemId } from './item-ids.js';
import {
  messageItem,
  reasoningItem,
  summaryPart,
  textPart,
  type OutputItem,
  type ResponseEvent,
} from './output-items.js';

/** An item of text that is being written: an answer or thinking. */
export class OpenText {
  private written = '';
  private readonly parts = new CollectedParts();
  private readonly index: number;

  constructor(
    private readonly turnId: string,
    readonly prefix: 'rs' | 'msg',
    private readonly position: number,
    private readonly output: OutputItem[],
  ) {
    this.index = output.length;
  }

  open(): ResponseEvent[] {
    const item = this.item('in_progress', undefined);
    this.output.push(item);
    const added = { type: 'response.output_item.added', output_index: this.index, item };
    return this.hasPart ? [added, this.event('part.added', { part: this.part('') })] : [added];
  }

  add(delta: string): ResponseEvent[] {
    const begins = !this.hasPart;
    this.written += delta;
    return [
      ...(begins ? [this.event('part.added', { part: this.part('') })] : []),
      this.textEvent('delta', { delta }),
    ];
  }

  /** Keeps parts of the thinking for the whole item. Their pieces mean nothing to clients. */
  keepParts(parts: ThoughtParts): void {
    this.parts.add(parts);
  }

  /** Whether the item has text. An item of thinking may have only parts that its provider wants back. */
  private get hasPart(): boolean {
    return this.prefix === 'msg' || this.written !== '';
  }

  close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    const item = this.item(status, this.written);
    this.output[this.index] = item;
    const doneEvent = { type: 'response.output_item.done', output_index: this.index, item };
    if (!this.hasPart) return [doneEvent];
    return [
      this.textEvent('done', { text: this.written }),
      this.event('part.done', { part: this.part(this.written) }),
      doneEvent,
    ];
  }

  private part(text: string) {
    return this.prefix === 'rs' ? summaryPart(text) : textPart(text);
  }

  private item(status: 'in_progress' | 'completed' | 'incomplete', text: string | undefined) {
    return this.prefix === 'rs'
      ? reasoningItem(this.turnId, this.position, text, this.parts.toText())
      : messageItem(this.turnId, this.position, status, text);
  }

  private textEvent(name: 'delta' | 'done', rest: object): ResponseEvent {
    return this.prefix === 'rs'
      ? { type: `response.reasoning_summary_text.${name}`, ...this.itemFields(), ...rest }
      : { type: `response.output_text.${name}`, ...this.itemFields(), ...rest, logprobs: [] };
  }

  private event(name: 'part.added' | 'part.done', rest: object): ResponseEvent {
    const kind = this.prefix === 'rs' ? 'reasoning_summary' : 'content';
    return { type: `response.${kind}_${name}`, ...this.itemFields(), ...rest };
  }

  private itemFields() {
    const { turnId, prefix, position, index } = this;
    return {
      item_id: itemId({ turnId, prefix, position }),
      output_index: index,
      ...(prefix === 'rs' ? { summary_index: 0 } : { content_index: 0 }),
    };
  }
}
