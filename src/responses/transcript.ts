import type { ChatMessage } from '../models/providers/provider.js';
import { joined, type ThoughtParts } from '../models/thought-parts.js';
import type { ToolCall } from '../models/tool-calls.js';

/** A part of a message in the format of chat completions. */
export type ContentPart = Readonly<Record<string, unknown>>;

/** One step of a conversation, in the terms of chat completions. */
export type Step =
  | {
      readonly kind: 'message';
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: string | readonly ContentPart[];
    }
  | {
      readonly kind: 'reasoning';
      readonly text: string;
      /** The parts that the provider wants back. */
      readonly parts?: ThoughtParts | undefined;
    }
  | { readonly kind: 'call'; readonly call: ToolCall }
  | {
      readonly kind: 'output';
      readonly callId: string;
      readonly text: string;
      /** The parts that are not text. A message of a tool cannot contain them. */
      readonly others: readonly ContentPart[];
    };

interface AssistantMessage {
  role: 'assistant';
  content: string | readonly ContentPart[] | null;
  reasoning_content?: string;
  tool_calls?: ToolCall[];
  [key: string]: unknown;
}

/**
 * Converts steps to messages. The thinking, text and calls of one answer become one message. Pictures that
 * tools return follow their outputs, as a message of the user.
 */
export function toMessages(steps: Iterable<Step>): ChatMessage[] {
  const transcript = new Transcript();
  for (const step of steps) transcript.add(step);
  return transcript.end();
}

class Transcript {
  private readonly messages: ChatMessage[] = [];
  private reasoning = '';
  private parts: ThoughtParts = {};
  private others: ContentPart[] = [];
  /** The message of the answer to which the last step belongs. */
  private answer: AssistantMessage | undefined;

  add(step: Step): void {
    if (step.kind !== 'output') this.showOthers();
    switch (step.kind) {
      case 'reasoning':
        if (this.answer?.tool_calls === undefined) this.answer = undefined;
        this.reasoning += step.text;
        this.parts = joined(this.parts, step.parts ?? {});
        return;
      case 'message':
        this.addMessage(step);
        return;
      case 'call':
        this.addCall(step.call);
        return;
      case 'output':
        this.answer = undefined;
        this.messages.push({ role: 'tool', tool_call_id: step.callId, content: step.text });
        this.others.push(...step.others);
    }
  }

  /** Thinking without a text or call after it is left out, because it belongs to no message. */
  end(): ChatMessage[] {
    this.showOthers();
    return this.messages;
  }

  private addMessage({ role, content }: Step & { kind: 'message' }): void {
    if (role !== 'assistant') {
      this.answer = undefined;
      this.messages.push({ role, content });
      return;
    }
    // Text after calls whose outputs are still missing belongs to the same answer.
    if (this.answer?.content !== null) this.answer = undefined;
    this.opened().content = content;
  }

  private addCall(call: ToolCall): void {
    const answer = this.opened();
    answer.tool_calls = [...(answer.tool_calls ?? []), call];
  }

  /** Returns the message of the current answer, with the thinking for it. */
  private opened(): AssistantMessage {
    let { answer } = this;
    if (!answer) {
      answer = { role: 'assistant', content: null };
      this.messages.push(answer);
      this.answer = answer;
    }
    if (this.reasoning !== '')
      answer.reasoning_content = (answer.reasoning_content ?? '') + this.reasoning;
    this.reasoning = '';
    Object.assign(answer, joined(answer, this.parts));
    this.parts = {};
    return answer;
  }

  private showOthers(): void {
    if (this.others.length === 0) return;
    this.messages.push({ role: 'user', content: this.others });
    this.others = [];
  }
}
