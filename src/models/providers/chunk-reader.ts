import { ProviderFailed } from '../../errors.js';
import { textOf } from '../content.js';
import type { CompletionDelta, FinishReason, ToolCallDelta, Usage } from './provider.js';

type Fields = Readonly<Record<string, unknown>>;

/** What OpenAI and those like it say, in the words of the contract; anything else is an ordinary end. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
]);

/** Why a provider failed, for the log: in our words, since its own may repeat a key or a message. */
export function failed(reason: string): ProviderFailed {
  return new ProviderFailed({ cause: new Error(reason) });
}

/** What the chunks of one answer have told so far. */
export class ChunkReader {
  private finish: FinishReason | undefined;
  private hasOutput = false;
  private isClosed = false;
  private lastUsage: Usage | undefined;

  get finishReason(): FinishReason {
    return this.finish ?? 'stop';
  }

  /** What the provider said last; a repetition is not more. */
  get usage(): Usage | undefined {
    return this.lastUsage;
  }

  /** The model said why it ended, or the stream was closed properly after some output. */
  get isWhole(): boolean {
    return this.finish !== undefined || (this.isClosed && this.hasOutput);
  }

  /** Whether nothing more is to come but the end of the connection. */
  get isOver(): boolean {
    return this.isClosed;
  }

  /** Takes one event's data and returns the output in it. Throws `ProviderFailed` for what is no chunk. */
  take(text: string): CompletionDelta | undefined {
    if (this.isClosed) return undefined;
    if (text.trim() === '[DONE]') {
      this.isClosed = true;
      return undefined;
    }
    const chunk = parse(text);
    if (chunk['error']) throw failed('the provider sent an error in its stream');
    const usage = fieldsOf(chunk['usage']);
    if (usage) this.lastUsage = toUsage(usage);
    const { choices } = chunk;
    const choice = Array.isArray(choices) ? fieldsOf(choices[0]) : undefined;
    if (!choice) return undefined;
    this.takeFinish(choice['finish_reason']);
    const delta = fieldsOf(choice['delta']);
    return delta && this.takeDelta(delta);
  }

  private takeFinish(reason: unknown): void {
    if (typeof reason !== 'string') return;
    if (reason === 'error') throw failed('the provider ended with an error');
    this.finish = FINISH_REASONS.get(reason) ?? 'stop';
  }

  /** Some providers send the text in parts; what a model thinks is not its answer. */
  private takeDelta(delta: Fields): CompletionDelta | undefined {
    const text = textOf(delta['content']) + textOf(delta['refusal']);
    const calls = delta['tool_calls'];
    const toolCalls = (Array.isArray(calls) ? calls : []).flatMap(toToolCall);
    if (text === '' && toolCalls.length === 0) return undefined;
    this.hasOutput = true;
    return { type: 'delta', text, ...(toolCalls.length > 0 && { toolCalls }) };
  }
}

function parse(text: string): Fields {
  let chunk: unknown;
  try {
    chunk = JSON.parse(text);
  } catch {
    throw failed('the provider sent what is not JSON');
  }
  const fields = fieldsOf(chunk);
  if (!fields) throw failed('the provider sent what is no chunk');
  return fields;
}

function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

/** Some providers send whole calls without an index; then their place is it. */
function toToolCall(value: unknown, place: number): ToolCallDelta[] {
  const call = fieldsOf(value);
  if (!call) return [];
  const { index } = call;
  return [{ ...call, index: Number.isSafeInteger(index) ? Number(index) : place }];
}

/** What is no count becomes NaN, for which pricing puts its estimate. */
function toUsage(usage: Fields): Usage {
  const count = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
  return {
    promptTokens: count(usage['prompt_tokens']),
    completionTokens: count(usage['completion_tokens']),
  };
}
