import { meaningOf, type EndMeaning } from './end-words.js';
import type { ServerEvent } from './event-reader.js';
import type { Usage } from './provider.js';
import { usageIn } from './usage-words.js';

type Fields = Readonly<Record<string, unknown>>;

/** What one event says of an answer. */
export interface Chunk {
  readonly usage: Usage | undefined;
  readonly text: string;
  /** What the model thinks, told beside its answer. */
  readonly reasoning: string;
  /** Pieces of tool calls, as they came. */
  readonly pieces: readonly unknown[];
  readonly ending: Ending;
}

/** Whether, and how, the answer ends with this event; and whether it is told whole in it, as without a stream. */
type Ending = { readonly meaning: EndMeaning } & ({ readonly isWholeMessage: true } | object);

/** An event that is an error, or no part of an answer. */
export interface Fault {
  readonly fault: string;
}

/** Reads an event. Its faults are told in our words. */
export function chunkOf({ name, text }: ServerEvent): Chunk | Fault {
  if (name === 'error') return SENT_ERROR;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'the provider sent what is not JSON' };
  }
  const chunk = fieldsOf(value);
  if (!chunk) return { fault: 'the provider sent what is no chunk' };
  const choice = choiceOf(chunk['choices']);
  if (isError(chunk, choice)) return SENT_ERROR;
  const delta = fieldsOf(choice?.['delta']);
  const message = fieldsOf(choice?.['message']);
  const { content, refusal, reasoning_content, reasoning, tool_calls } = delta ?? message ?? {};
  const thought = typeof reasoning_content === 'string' ? reasoning_content : '';
  return {
    usage: usageIn(chunk, choice),
    text: textOf(content, isSaid) + textOf(refusal, isSaid),
    reasoning: thought || textOf(reasoning, isSaid) || textOf(content, isThought),
    pieces: Array.isArray(tool_calls) ? tool_calls : [],
    ending: {
      meaning: meaningOf(choice?.['finish_reason']),
      ...(!delta && message && { isWholeMessage: true }),
    },
  };
}

const SENT_ERROR: Fault = { fault: 'the provider sent an error in its stream' };

function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

/** One is asked for: the first, be it numbered or not. */
function choiceOf(choices: unknown): Fields | undefined {
  if (!Array.isArray(choices)) return undefined;
  const all = choices.map(fieldsOf).filter((choice) => choice !== undefined);
  return all.find(({ index }) => typeof index !== 'number' || index === 0);
}

const ERROR_FIELDS = ['message', 'msg', 'detail', 'errors', 'error_msg', 'error_message'];
const CODE_FIELDS = ['code', 'error_code', 'errcode'];
const STATUS_FIELDS = ['status', 'status_code', 'statusCode'];

/** The shapes in which servers tell an error amid a stream; the examples are in docs/models.md. */
function isError(chunk: Fields, choice: Fields | undefined): boolean {
  const delta = fieldsOf(choice?.['delta']);
  if (isTold(chunk['error']) || isTold(choice?.['error']) || isTold(delta?.['error'])) return true;
  if (
    [chunk['object'], chunk['type']].some((kind) => /^(?:error|exception)$/i.test(String(kind)))
  ) {
    return true;
  }
  const verdict = fieldsOf(chunk['base_resp']);
  if (isFaultCode(verdict?.['status_code'])) return true;
  if (choice) return false;
  return (
    ERROR_FIELDS.some((field) => isTold(chunk[field])) ||
    CODE_FIELDS.some((field) => isFaultCode(chunk[field])) ||
    STATUS_FIELDS.some((field) => Number(chunk[field]) >= 400)
  );
}

const isTold = (value: unknown) => Boolean(value) && !(Array.isArray(value) && value.length === 0);

/** A code other than those that mean success. */
const isFaultCode = (code: unknown) =>
  (typeof code === 'number' || typeof code === 'string') &&
  !/^(?:0+|2\d\d|ok|success)?$/i.test(String(code).trim());

const isSaid = (part: Fields) => part['type'] !== 'thinking' && part['type'] !== 'reasoning';
const isThought = (part: Fields) => !isSaid(part);

/** A text, or the texts of those parts that count, as some servers send it. */
function textOf(content: unknown, counts: (part: Fields) => boolean): string {
  if (typeof content === 'string') return counts === isSaid ? content : '';
  if (!Array.isArray(content)) return '';
  return content
    .map(fieldsOf)
    .filter((part) => part !== undefined)
    .filter(counts)
    .map((part) => {
      const inner = part['text'] ?? part['thinking'];
      return typeof inner === 'string' ? inner : textOf(inner, isSaid);
    })
    .join('');
}
