import type { ChatMessage } from '../models/providers/provider.js';
import type { ToolCall } from '../models/tool-calls.js';

/** A part of a message, as chat completions have it. */
export type ContentPart = Readonly<Record<string, unknown>>;

/** One thing that was said or done, in the terms of chat completions. */
export type Step =
  | {
      readonly kind: 'message';
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: string | readonly ContentPart[];
    }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'call'; readonly call: ToolCall }
  | {
      readonly kind: 'output';
      readonly callId: string;
      readonly text: string;
      /** What of it is no text: a message of a tool has no place for it. */
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
 * Steps as messages. What a model thought, said and called in one answer is one message; pictures that tools
 * gave follow their outputs, as a message of the user.
 */
export function toMessages(steps: Iterable<Step>): ChatMessage[] {
  const transcript = new Transcript();
  for (const step of steps) transcript.add(step);
  return transcript.end();
}

class Transcript {
  private readonly messages: ChatMessage[] = [];
  private reasoning = '';
  private others: ContentPart[] = [];
  /** The message of the answer that the last step belongs to. */
  private answer: AssistantMessage | undefined;

  add(step: Step): void {
    if (step.kind !== 'output') this.showOthers();
    switch (step.kind) {
      case 'reasoning':
        if (this.answer?.tool_calls === undefined) this.answer = undefined;
        this.reasoning += step.text;
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

  /** Thoughts that nothing followed are left out: no message has them. */
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
    // Words after calls whose outputs are still to come are of the same answer.
    if (this.answer?.content !== null) this.answer = undefined;
    this.opened().content = content;
  }

  private addCall(call: ToolCall): void {
    const answer = this.opened();
    answer.tool_calls = [...(answer.tool_calls ?? []), call];
  }

  /** The message of the answer under way, with what was thought for it. */
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
    return answer;
  }

  private showOthers(): void {
    if (this.others.length === 0) return;
    this.messages.push({ role: 'user', content: this.others });
    this.others = [];
  }
}
