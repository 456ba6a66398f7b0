import { Injectable } from '@nestjs/common';
import type { ChatMessage, CompletionEvent, CompletionProvider } from './provider.js';

/** The reference's dummy: says the message back, word by word. Needs no model and costs nobody anything. */
@Injectable()
export class EchoProvider implements CompletionProvider {
  readonly model = 'echo';

  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
  async *complete(
    messages: readonly ChatMessage[],
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<CompletionEvent> {
    const message = messages.at(-1)?.content ?? '';
    const answer = `This is a dummy AI response to your message: '${message}'`;
    for (const text of answer.match(/\S*\s*/gu) ?? []) {
      signal.throwIfAborted();
      if (text !== '') yield { type: 'delta', text };
    }
    yield { type: 'done' };
  }
}
