import type { ToolCallDelta } from '../models/providers/provider.js';
import { callItem, callOf, type Call, type CustomNames, type OutputItem } from './output-items.js';
import type { ResponseEvent } from './response-events.js';

interface OpenCall {
  readonly outputIndex: number;
  /** The position among the calls, from 0. */
  readonly position: number;
  call: Call;
}

/** The calls of one answer while their pieces arrive. */
export class OpenCalls {
  private readonly bySlot = new Map<number, OpenCall>();

  constructor(
    private readonly turnId: string,
    private readonly customs: CustomNames,
    private readonly output: OutputItem[],
  ) {}

  add({ index: slot, ...piece }: ToolCallDelta): ResponseEvent[] {
    const open = this.bySlot.get(slot);
    const position = open?.position ?? this.bySlot.size;
    const { name, arguments: text, ...told } = callOf(this.turnId, position, piece);
    const events = open ? [] : this.open(slot, position, piece);
    const known = this.bySlot.get(slot);
    if (!known) return events;
    const { call } = known;
    // Fields that arrive later complete a call that was opened without them.
    const { id = call.id } = piece as { id?: string };
    known.call = {
      ...told,
      ...call,
      id,
      name: call.name || name,
      arguments: call.arguments + text,
    };
    if (text === '' || this.customs.has(known.call.name)) return events;
    const delta = { ...this.place(known), delta: text };
    return [...events, { type: 'response.function_call_arguments.delta', ...delta }];
  }

  /**
   * Closes all calls. The input of a custom tool is sent in one piece here, because the model writes it as
   * the JSON of a function.
   */
  close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    return [...this.bySlot.values()].flatMap((open) => {
      const item = callItem(this.turnId, open.position, status, open.call, this.customs);
      this.output[open.outputIndex] = item;
      const place = this.place(open);
      const done =
        item.type === 'custom_tool_call'
          ? [
              { type: 'response.custom_tool_call_input.delta', ...place, delta: item.input },
              { type: 'response.custom_tool_call_input.done', ...place, input: item.input },
            ]
          : [
              {
                type: 'response.function_call_arguments.done',
                ...place,
                name: item.name,
                arguments: item.arguments,
              },
            ];
      const { outputIndex: output_index } = open;
      return [...done, { type: 'response.output_item.done', output_index, item }];
    });
  }

  private open(slot: number, position: number, piece: Omit<ToolCallDelta, 'index'>) {
    const call = { ...callOf(this.turnId, position, piece), arguments: '' };
    const open = { outputIndex: this.output.length, position, call };
    this.bySlot.set(slot, open);
    const begun = callItem(this.turnId, position, 'in_progress', call, this.customs);
    this.output.push(begun);
    const { outputIndex: output_index } = open;
    return [{ type: 'response.output_item.added', output_index, item: begun }];
  }

  private place({ position, outputIndex, call }: OpenCall) {
    const { id } = callItem(this.turnId, position, 'in_progress', call, this.customs);
    return { item_id: id, output_index: outputIndex };
  }
}
