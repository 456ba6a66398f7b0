import { estimatePrompt } from '../pricing.js';
import type { CompletionEvent, CompletionProvider, CompletionRequest } from './provider.js';

/** The reference's dummy: says the message back, word by word. Needs no model and costs nobody anything. */
export class EchoProvider implements CompletionProvider {
  readonly name = 'echo';

  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
  async *complete(request: CompletionRequest): AsyncIterable<CompletionEvent> {
    const message = textOf(request.messages.at(-1)?.content);
    const words =
      `This is a dummy AI response to your message: '${message}'`.match(/\s*\S+\s*$|\s*\S+/gu) ??
      [];
    const said = words.slice(0, request.maxTokens);
    for (const text of said) {
      request.signal.throwIfAborted();
      yield { type: 'delta', text };
    }
    yield {
      type: 'done',
      finishReason: said.length < words.length ? 'length' : 'stop',
      usage: { promptTokens: estimatePrompt(request.messages), completionTokens: said.length },
    };
  }
}

/** The text of a message, or of its parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const parts = content as { readonly text?: unknown }[];
  return parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}
