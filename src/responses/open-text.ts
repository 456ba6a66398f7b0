import { itemId } from './item-ids.js';
import {
  messageItem,
  reasoningItem,
  summaryPart,
  textPart,
  type OutputItem,
} from './output-items.js';
import type { ResponseEvent } from './response-events.js';

/** An item of text that is being written: an answer or thinking. */
export class OpenText {
  private written = '';
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
    return [
      { type: 'response.output_item.added', output_index: this.index, item },
      this.event('part.added', { part: this.part('') }),
    ];
  }

  add(delta: string): ResponseEvent {
    this.written += delta;
    return this.textEvent('delta', { delta });
  }

  close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    const item = this.item(status, this.written);
    this.output[this.index] = item;
    return [
      this.textEvent('done', { text: this.written }),
      this.event('part.done', { part: this.part(this.written) }),
      { type: 'response.output_item.done', output_index: this.index, item },
    ];
  }

  private part(text: string) {
    return this.prefix === 'rs' ? summaryPart(text) : textPart(text);
  }

  private item(status: 'in_progress' | 'completed' | 'incomplete', text: string | undefined) {
    return this.prefix === 'rs'
      ? reasoningItem(this.turnId, this.position, text)
      : messageItem(this.turnId, this.position, status, text);
  }

  private textEvent(name: 'delta' | 'done', rest: object): ResponseEvent {
    return this.prefix === 'rs'
      ? { type: `response.reasoning_summary_text.${name}`, ...this.place(), ...rest }
      : { type: `response.output_text.${name}`, ...this.place(), ...rest, logprobs: [] };
  }

  private event(name: 'part.added' | 'part.done', rest: object): ResponseEvent {
    const kind = this.prefix === 'rs' ? 'reasoning_summary' : 'content';
    return { type: `response.${kind}_${name}`, ...this.place(), ...rest };
  }

  private place() {
    const { turnId, prefix, position, index } = this;
    return {
      item_id: itemId({ turnId, prefix, position }),
      output_index: index,
      ...(prefix === 'rs' ? { summary_index: 0 } : { content_index: 0 }),
    };
  }
}
