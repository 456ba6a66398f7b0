import type { ChatMessage } from '../models/provider.js';
import { addParts, type ThoughtParts } from '../models/thought-parts.js';
import type { ToolCall } from '../models/tool-calls.js';
import type { Fields } from '../json-fields.js';

/** A part of a message in the format of chat completions. */
export type ContentPart = Fields;

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
  /** Parts for the next text or call. */
  private parts: Record<string, Fields[]> = {};
  /** The message to which the parts belong if no text or call of an answer follows them. */
  private previousAnswer: AssistantMessage | undefined;
  private outputParts: ContentPart[] = [];
  /** The message of the answer to which the last step belongs. */
  private answer: AssistantMessage | undefined;

  add(step: Step): void {
    if (step.kind !== 'output') this.addOutputParts();
    switch (step.kind) {
      case 'reasoning':
        this.previousAnswer = this.answer;
        if (this.answer?.tool_calls === undefined) this.answer = undefined;
        this.reasoning += step.text;
        if (step.parts) addParts(this.parts, step.parts);
        return;
      case 'message':
        this.addMessage(step);
        return;
      case 'call':
        this.addCall(step.call);
        return;
      case 'output':
        this.endAnswer();
        this.messages.push({ role: 'tool', tool_call_id: step.callId, content: step.text });
        this.outputParts.push(...step.others);
    }
  }

  /** Thinking without a text or call after it is left out, because it belongs to no message. */
  end(): ChatMessage[] {
    this.addOutputParts();
    this.endAnswer();
    return this.messages;
  }

  private addMessage({ role, content }: Step & { kind: 'message' }): void {
    if (role !== 'assistant') {
      this.endAnswer();
      this.messages.push({ role, content });
      return;
    }
    // Text after calls whose outputs are still missing belongs to the same answer.
    if (this.answer?.content !== null) this.answer = undefined;
    this.currentAnswer().content = content;
  }

  private addCall(call: ToolCall): void {
    const answer = this.currentAnswer();
    answer.tool_calls = [...(answer.tool_calls ?? []), call];
  }

  /** Returns the message of the current answer, with the thinking for it. */
  private currentAnswer(): AssistantMessage {
    let { answer } = this;
    if (!answer) {
      answer = { role: 'assistant', content: null };
      this.messages.push(answer);
      this.answer = answer;
    }
    if (this.reasoning !== '')
      answer.reasoning_content = (answer.reasoning_content ?? '') + this.reasoning;
    this.reasoning = '';
    addParts(answer, this.parts);
    this.parts = {};
    return answer;
  }

  /** Ends the answer. Parts that a provider sent after its last text or call, such as a signature, belong to it. */
  private endAnswer(): void {
    if (this.previousAnswer) addParts(this.previousAnswer, this.parts);
    this.parts = {};
    this.previousAnswer = undefined;
    this.answer = undefined;
  }

  private addOutputParts(): void {
    if (this.outputParts.length === 0) return;
    this.messages.push({ role: 'user', content: this.outputParts });
    this.outputParts = [];
  }
}
