import type { AnswerEvent, StreamFormat } from '../chat/answer-format.js';
import type { Turn } from '../conversations/turn.entity.js';
import type { CompletionDelta } from '../models/provider.js';
import { readThoughtParts, type ThoughtParts } from '../models/thought-parts.js';
import { isWhole, type OutputItem, type ResponseEvent } from './output-items.js';
import { toResponse, turnToResponse } from './response-wire.js';
import type { ResponseSettings } from './settings.js';
import { OpenCalls } from './open-calls.js';
import { OpenText } from './open-text.js';
import { customNames } from './tools.js';

interface StreamHead {
  readonly turnId: string;
  readonly modelId: string;
}

/**
 * The events of one streamed response, in OpenAI's order. The first piece of an item opens it, and it is
 * closed when another kind of item begins. Calls stay open until the end, because their pieces may alternate.
 */
export class ResponseEvents implements StreamFormat {
  private sequence = 0;
  /** The items so far, by output index. */
  private readonly output: OutputItem[] = [];
  private readonly calls: OpenCalls;
  private text: OpenText | undefined;
  private readonly counts = { rs: 0, msg: 0 };
  /** Parts that arrived within the text. They become an item at the end, because an item would split the text. */
  private readonly lateParts: ThoughtParts[] = [];

  constructor(
    private readonly head: StreamHead,
    private readonly settings: ResponseSettings,
  ) {
    this.calls = new OpenCalls(head.turnId, customNames(settings.tools), this.output);
  }

  start(): AnswerEvent[] {
    const response = this.snapshot('in_progress');
    return this.withSequenceNumbers([
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ]);
  }

  delta({ reasoning = '', thoughtParts, text, toolCalls = [] }: CompletionDelta): AnswerEvent[] {
    const events: ResponseEvent[] = [];
    const isWriting = this.text?.prefix === 'msg';
    if (reasoning !== '' || (thoughtParts && !isWriting))
      events.push(...this.write('rs', reasoning));
    if (thoughtParts && this.text?.prefix === 'msg') this.lateParts.push(thoughtParts);
    else if (thoughtParts) this.text?.keepParts(thoughtParts);
    if (text !== '') events.push(...this.write('msg', text));
    if (toolCalls.length > 0) events.push(...this.closeText('completed'));
    for (const piece of toolCalls) events.push(...this.calls.add(piece));
    return this.withSequenceNumbers(events);
  }

  replay({ response, reasoning, thoughtParts, toolCalls }: Turn): AnswerEvent[] {
    const calls = toolCalls === null ? [] : (JSON.parse(toolCalls) as object[]);
    return this.delta({
      type: 'delta',
      text: response,
      ...(reasoning !== null && { reasoning }),
      thoughtParts: readThoughtParts(thoughtParts),
      toolCalls: calls.map((call, index) => ({ index, ...call })),
    });
  }

  end(turn: Turn): AnswerEvent[] {
    const status = isWhole(turn) ? 'completed' : 'incomplete';
    const isEmpty = this.calls.isEmpty && !this.output.some(({ type }) => type !== 'reasoning');
    const events = [
      ...(isEmpty && turn.status === 'complete' ? this.write('msg', '') : []),
      ...this.closeText(status),
      ...this.writeLateParts(),
      ...this.calls.close(status),
    ];
    const response = turnToResponse(turn, this.settings, this.output);
    return [
      ...this.withSequenceNumbers([...events, { type: `response.${response.status}`, response }]),
      { payload: '[DONE]' },
    ];
  }

  failure(body: unknown): AnswerEvent[] {
    const { error } = body as { error: { message: string; code: string | null } };
    const response = this.snapshot('failed', {
      code: error.code ?? 'server_error',
      message: error.message,
    });
    // OpenAI puts the error's fields beside the type, Open Responses puts them below `error`. Clients read
    // one or the other.
    return this.withSequenceNumbers([
      { type: 'response.failed', response },
      { ...error, error, type: 'error' },
    ]);
  }

  private write(prefix: 'rs' | 'msg', text: string): ResponseEvent[] {
    const isSameItem = this.text?.prefix === prefix;
    const events = isSameItem ? [] : this.closeText('completed');
    this.text ??= new OpenText(this.head.turnId, prefix, this.counts[prefix]++, this.output);
    if (!isSameItem) events.push(...this.text.open());
    if (text !== '') events.push(...this.text.add(text));
    return events;
  }

  private writeLateParts(): ResponseEvent[] {
    if (this.lateParts.length === 0) return [];
    const events = this.write('rs', '');
    for (const parts of this.lateParts) this.text?.keepParts(parts);
    return [...events, ...this.closeText('completed')];
  }

  private closeText(status: 'completed' | 'incomplete'): ResponseEvent[] {
    const events = this.text?.close(status) ?? [];
    this.text = undefined;
    return events;
  }

  private snapshot(status: 'in_progress' | 'failed', error?: { code: string; message: string }) {
    const { turnId, modelId: model } = this.head;
    const state = { status, output: [...this.output], ...(error && { error }) };
    return toResponse({ turnId, model }, this.settings, state);
  }

  private withSequenceNumbers(events: readonly ResponseEvent[]): AnswerEvent[] {
    return events.map(({ type, ...rest }) => {
      const sequence_number = this.sequence;
      this.sequence += 1;
      return { event: type, payload: { type, sequence_number, ...rest } };
    });
  }
}
