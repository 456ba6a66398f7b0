import type {
  OutputTextDto,
  ResponseCallDto,
  ResponseCustomCallDto,
  ResponseMessageDto,
  ResponseReasoningDto,
  SummaryTextDto,
} from './response-items.dto.js';
import type { Turn } from '../conversations/turn.entity.js';
import type { TurnAnswer } from '../conversations/whole-turns.service.js';
import { isFields } from '../json-fields.js';
import { readThoughtParts } from '../models/thought-parts.js';
import type { ToolCall } from '../models/tool-calls.js';
import { itemId } from './item-ids.js';
import type { Step } from './transcript.js';

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** The names of the request's custom tools, whose input is one text. */
export type CustomNames = ReadonlySet<string>;

/** A call as a turn stores it, or as its pieces arrive. */
export interface Call {
  readonly id: string;
  readonly name: string;
  /** The JSON that the model has written so far. */
  readonly arguments: string;
  /** Other data that the provider requires back, for example a signature of the thinking. */
  readonly extra_content?: object;
}

/**
 * Returns the item of the thinking. Providers stream it, so it is returned as the summary that clients show. The parts
 * that providers want back are one text, which clients keep and do not read.
 */
export const reasoningItem = (turnId: string, position: number, text = '', parts = '') =>
  ({
    id: itemId({ turnId, prefix: 'rs', position }),
    type: 'reasoning' as const,
    summary: text === '' ? [] : [summaryPart(text)],
    ...(parts !== '' && { encrypted_content: parts }),
  }) satisfies ResponseReasoningDto;

export const summaryPart = (text: string) =>
  ({ type: 'summary_text' as const, text }) satisfies SummaryTextDto;

export const textPart = (text: string) =>
  ({
    type: 'output_text' as const,
    text,
    annotations: [],
    logprobs: [],
  }) satisfies OutputTextDto;

/** Returns the item of the text. */
export const messageItem = (turnId: string, position: number, status: ItemStatus, text?: string) =>
  ({
    id: itemId({ turnId, prefix: 'msg', position }),
    type: 'message' as const,
    status,
    role: 'assistant' as const,
    content: text === undefined ? [] : [textPart(text)],
  }) satisfies ResponseMessageDto;

/** Returns the item of a call. */
export function callItem(
  turnId: string,
  position: number,
  status: ItemStatus,
  call: Call,
  customs: CustomNames,
) {
  const { id, name, extra_content } = call;
  const extra = extra_content && { extra_content };
  return customs.has(name)
    ? ({
        id: itemId({ turnId, prefix: 'ctc', position }),
        type: 'custom_tool_call' as const,
        status,
        call_id: id,
        name,
        input: customInput(call.arguments),
        ...extra,
      } satisfies ResponseCustomCallDto)
    : ({
        id: itemId({ turnId, prefix: 'fc', position }),
        type: 'function_call' as const,
        status,
        call_id: id,
        name,
        arguments: call.arguments,
        ...extra,
      } satisfies ResponseCallDto);
}

/** An event without its sequence number. */
export type ResponseEvent = Readonly<Record<string, unknown>> & { readonly type: string };

export type OutputItem =
  ReturnType<typeof reasoningItem> | ReturnType<typeof messageItem> | ReturnType<typeof callItem>;

/**
 * Returns the text argument of a custom tool. If the model did not follow the function's format, returns the
 * arguments unchanged.
 */
function customInput(argumentsText: string): string {
  try {
    const read = JSON.parse(argumentsText) as { input?: unknown } | null;
    return typeof read?.input === 'string' ? read.input : argumentsText;
  } catch {
    return argumentsText;
  }
}

/**
 * Returns the calls of a turn. Some providers give no ids, but each call needs an id so that its output can
 * refer to it.
 */
function callsOf({ id: turnId, toolCalls }: Pick<Turn, 'id' | 'toolCalls'>): Call[] {
  const calls = toolCalls === null ? [] : (JSON.parse(toolCalls) as ToolCall[]);
  return calls.map((call, position) => callOf(turnId, position, call));
}

/** Converts a call, or its first piece, to OpenAI's format. */
export function callOf(turnId: string, position: number, given: ToolCall): Call {
  const called = (given['function'] ?? {}) as Record<string, unknown>;
  const textAt = (value: unknown) => (typeof value === 'string' ? value : '');
  const id = textAt(given['id']);
  const { extra_content } = given;
  return {
    id: id === '' ? itemId({ turnId, prefix: 'fc', position }) : id,
    name: textAt(called['name']),
    arguments: textAt(called['arguments']),
    ...(isFields(extra_content) && { extra_content }),
  };
}

/**
 * Returns a complete answer as items: thinking, text and calls. An answer without any of these is an empty
 * message.
 */
export function outputOf(turn: Turn, customs: CustomNames): OutputItem[] {
  const { id, response } = turn;
  const [reasoning, parts] = [turn.reasoning ?? '', turn.thoughtParts ?? ''];
  const status = isWhole(turn) ? 'completed' : 'incomplete';
  const calls = callsOf(turn).map((call, n) => callItem(id, n, status, call, customs));
  const isSaid = response !== '' || (calls.length === 0 && turn.status === 'complete');
  return [
    ...(reasoning + parts === '' ? [] : [reasoningItem(id, 0, reasoning, parts)]),
    ...(isSaid ? [messageItem(id, 0, status, response)] : []),
    ...calls,
  ];
}

/** Whether an answer was neither cut nor stopped. */
export const isWhole = ({ status, finishReason }: Pick<Turn, 'status' | 'finishReason'>) =>
  status === 'complete' && (finishReason === 'stop' || finishReason === 'tool_calls');

/**
 * Returns the answer of a turn as steps for the next request to the model. Calls that were cut off are left
 * out.
 */
export function stepsOf(turn: TurnAnswer): Step[] {
  const { response } = turn;
  const [text, parts] = [turn.reasoning ?? '', readThoughtParts(turn.thoughtParts)];
  const calls = turn.status === 'complete' ? callsOf(turn) : [];
  return [
    ...(text === '' && !parts ? [] : [{ kind: 'reasoning' as const, text, parts }]),
    ...(response === ''
      ? []
      : [{ kind: 'message' as const, role: 'assistant' as const, content: response }]),
    ...calls.map(({ id, extra_content, ...called }) => ({
      kind: 'call' as const,
      call: { id, type: 'function', function: called, ...(extra_content && { extra_content }) },
    })),
  ];
}
