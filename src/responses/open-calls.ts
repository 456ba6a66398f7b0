import type { ToolCallDelta } from '../models/provider.js';
import {
  callItem,
  callOf,
  type Call,
  type CustomNames,
  type OutputItem,
  type ResponseEvent,
} from './output-items.js';

/** A call of the answer, which becomes an item when its name is known: the name decides the type and the id. */
interface OpenCall {
  /** The position among the calls, from 0. */
  readonly position: number;
  /** The place among the items. Undefined as long as the call has no item. */
  outputIndex: number | undefined;
  call: Call;
}

/**
 * The calls of one answer while their pieces arrive. Items are in the order in which the names became known. A stored
 * answer has its calls in the order in which they began.
 */
export class OpenCalls {
  private readonly byCallIndex = new Map<number, OpenCall>();

  constructor(
    private readonly turnId: string,
    private readonly customNames: CustomNames,
    private readonly output: OutputItem[],
  ) {}

  get isEmpty(): boolean {
    return this.byCallIndex.size === 0;
  }

  add({ index: callIndex, ...piece }: ToolCallDelta): ResponseEvent[] {
    const open = this.byCallIndex.get(callIndex);
    const position = open?.position ?? this.byCallIndex.size;
    const call = callOf(this.turnId, position, piece);
    const known = open ?? { position, outputIndex: undefined, call };
    this.byCallIndex.set(callIndex, known);
    if (open) known.call = withPiece(open.call, call, piece);
    if (known.call.name === '') return [];
    if (known.outputIndex !== undefined) return this.argumentsDelta(known, call.arguments);
    return [...this.open(known), ...this.argumentsDelta(known, known.call.arguments)];
  }

  /**
   * Closes all calls. The input of a custom tool is sent in one piece here, because the model writes it as
   * the JSON of a function.
   */
  close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    return [...this.byCallIndex.values()].flatMap((open) => {
      const isOpened = open.outputIndex !== undefined;
      const begun = isOpened
        ? []
        : [...this.open(open), ...this.argumentsDelta(open, open.call.arguments)];
      const item = callItem(this.turnId, open.position, status, open.call, this.customNames);
      const place = this.itemFields(open);
      const { output_index } = place;
      this.output[output_index] = item;
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
      return [...begun, ...done, { type: 'response.output_item.done', output_index, item }];
    });
  }

  private open(open: OpenCall): ResponseEvent[] {
    const { position, call } = open;
    const output_index = this.output.length;
    open.outputIndex = output_index;
    const started = { ...call, arguments: '' };
    const item = callItem(this.turnId, position, 'in_progress', started, this.customNames);
    this.output.push(item);
    return [{ type: 'response.output_item.added', output_index, item }];
  }

  private argumentsDelta(open: OpenCall, delta: string): ResponseEvent[] {
    if (delta === '' || this.customNames.has(open.call.name)) return [];
    return [{ type: 'response.function_call_arguments.delta', ...this.itemFields(open), delta }];
  }

  private itemFields({ position, outputIndex = 0, call }: OpenCall) {
    const { id } = callItem(this.turnId, position, 'in_progress', call, this.customNames);
    return { item_id: id, output_index: outputIndex };
  }
}

/** Returns a call with one more piece. Fields that arrive later complete a call that began without them. */
function withPiece(
  known: Call,
  { name, arguments: text, ...otherFields }: Call,
  piece: object,
): Call {
  const { id = known.id } = piece as { id?: string };
  return {
    ...otherFields,
    ...known,
    id,
    name: known.name || name,
    arguments: known.arguments + text,
  };
}
