import type { ToolCallDelta } from '../models/provider.js';
import {
  callItem,
  callOf,
  type Call,
  type CustomNames,
  type OutputItem,
  type ResponseEvent,
} from './output-items.js';

interface OpenCall {
  readonly outputIndex: number;
  /** The position among the calls, from 0. */
  readonly position: number;
  call: Call;
}

/** The calls of one answer while their pieces arrive. */
export class OpenCalls {
  private readonly byCallIndex = new Map<number, OpenCall>();

  constructor(
    private readonly turnId: string,
    private readonly customNames: CustomNames,
    private readonly output: OutputItem[],
  ) {}

  add({ index: callIndex, ...piece }: ToolCallDelta): ResponseEvent[] {
    const open = this.byCallIndex.get(callIndex);
    const position = open?.position ?? this.byCallIndex.size;
    const { name, arguments: text, ...otherFields } = callOf(this.turnId, position, piece);
    const events = open ? [] : this.open(callIndex, position, piece);
    const known = this.byCallIndex.get(callIndex);
    if (!known) return events;
    const { call } = known;
    // Fields that arrive later complete a call that was opened without them.
    const { id = call.id } = piece as { id?: string };
    known.call = {
      ...otherFields,
      ...call,
      id,
      name: call.name || name,
      arguments: call.arguments + text,
    };
    if (text === '' || this.customNames.has(known.call.name)) return events;
    const delta = { ...this.itemFields(known), delta: text };
    return [...events, { type: 'response.function_call_arguments.delta', ...delta }];
  }

  /**
   * Closes all calls. The input of a custom tool is sent in one piece here, because the model writes it as
   * the JSON of a function.
   */
  close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    return [...this.byCallIndex.values()].flatMap((open) => {
      const item = callItem(this.turnId, open.position, status, open.call, this.customNames);
      this.output[open.outputIndex] = item;
      const place = this.itemFields(open);
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

  private open(callIndex: number, position: number, piece: Omit<ToolCallDelta, 'index'>) {
    const call = { ...callOf(this.turnId, position, piece), arguments: '' };
    const open = { outputIndex: this.output.length, position, call };
    this.byCallIndex.set(callIndex, open);
    const startedItem = callItem(this.turnId, position, 'in_progress', call, this.customNames);
    this.output.push(startedItem);
    const { outputIndex: output_index } = open;
    return [{ type: 'response.output_item.added', output_index, item: startedItem }];
  }

  private itemFields({ position, outputIndex, call }: OpenCall) {
    const { id } = callItem(this.turnId, position, 'in_progress', call, this.customNames);
    return { item_id: id, output_index: outputIndex };
  }
}
