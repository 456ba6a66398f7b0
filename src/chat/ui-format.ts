import type { Turn, TurnEnd } from '../conversations/turn.entity.js';
import type { AnswerEvent, AnswerFormat, StreamFormat } from './answer-format.js';
import { chatFormat } from './chat-format.js';

/** The finish reasons of the AI SDK. */
const FINISH_REASONS: Readonly<Record<TurnEnd, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
  cancelled: 'other',
};

const chunk = (type: string, fields: object = {}): AnswerEvent => ({
  payload: { type, ...fields },
});

/**
 * The stream of one message. Only one of its parts is open at a time: a part starts after the one before it
 * has ended.
 */
class UiStream implements StreamFormat {
  private open: 'text' | 'reasoning' | undefined;
  private count = 0;

  constructor(private readonly messageId: string) {}

  start(): AnswerEvent[] {
    return [chunk('start', { messageId: this.messageId }), chunk('start-step')];
  }

  delta({ text, reasoning = '' }: { text: string; reasoning?: string }): AnswerEvent[] {
    return [...this.write('reasoning', reasoning), ...this.write('text', text)];
  }

  replay({ response, reasoning }: Turn): AnswerEvent[] {
    return this.delta({ text: response, reasoning: reasoning ?? '' });
  }

  end(turn: Turn): AnswerEvent[] {
    const messageMetadata = {
      tokens_charged: turn.amount,
      tokens_balance: turn.availableAfter,
      turn: turn.id,
      conversation: turn.conversationId,
    };
    const finishReason = FINISH_REASONS[turn.finishReason];
    return [
      ...this.close(),
      chunk('finish-step'),
      chunk('finish', { finishReason, messageMetadata }),
      { payload: '[DONE]' },
    ];
  }

  failure(body: unknown): AnswerEvent[] {
    const { detail, error } = body as { detail?: string; error?: string };
    const errorText = detail ?? error ?? 'A server error occurred.';
    return [...this.close(), chunk('error', { errorText }), { payload: '[DONE]' }];
  }

  private write(part: 'text' | 'reasoning', delta: string): AnswerEvent[] {
    if (delta === '') return [];
    const events = this.open === part ? [] : [...this.close(), this.begin(part)];
    return [...events, chunk(`${part}-delta`, { id: this.partId, delta })];
  }

  private begin(part: 'text' | 'reasoning'): AnswerEvent {
    this.open = part;
    this.count += 1;
    return chunk(`${part}-start`, { id: this.partId });
  }

  private close(): AnswerEvent[] {
    const { open } = this;
    this.open = undefined;
    return open === undefined ? [] : [chunk(`${open}-end`, { id: this.partId })];
  }

  private get partId(): string {
    return String(this.count);
  }
}

/** Writes answers as `useChat()` of the AI SDK reads them: a UI message stream, version 1. */
export const uiFormat: AnswerFormat = {
  whole: (turn) => chatFormat.whole(turn),
  stream: ({ turnId }) => new UiStream(turnId),
  streamHeaders: { 'x-vercel-ai-ui-message-stream': 'v1' },
};
