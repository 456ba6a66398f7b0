import { textOf } from '../content.js';
import { estimatePrompt } from '../prompt.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  FinishReason,
  InstantRequest,
  WholeCompletion,
} from '../provider.js';

/** Maximum number of pieces. A longer answer has several words in each piece. */
const PIECES_MAX = 1000;

/** The reference's dummy model. It repeats the message word by word, needs no provider and has no cost. */
export class EchoProvider implements CompletionProvider {
  readonly name = 'echo';

  // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
  async *complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    const { echoed, done } = echoWords(request);
    const wordsAtOnce = Math.ceil(echoed.length / PIECES_MAX);
    for (let n = 0; n < echoed.length; n += wordsAtOnce) {
      request.signal.throwIfAborted();
      yield [{ type: 'delta', text: echoed.slice(n, n + wordsAtOnce).join('') }];
    }
    yield [{ type: 'done', ...done }];
  }

  answer(request: InstantRequest): WholeCompletion {
    const { echoed, done } = echoWords(request);
    return { finishReason: done.finishReason, usage: done.usage, text: echoed.join('') };
  }

  draft(request: InstantRequest): string {
    const sentence = sentenceFor(request);
    // A text has no more words than characters.
    return sentence.length <= (request.maxTokens ?? Infinity)
      ? sentence
      : echoWords(request).echoed.join('');
  }
}

const sentenceFor = ({ messages }: InstantRequest) =>
  `This is a dummy AI response to your message: '${textOf(messages.at(-1)?.content)}'`;

/** Returns the answer as words, each with the space before it, and its end. */
function echoWords(request: InstantRequest) {
  const { messages, maxTokens } = request;
  const words = sentenceFor(request).split(/(?<=\S)(?=\s)/u);
  const echoed = words.slice(0, maxTokens);
  const finishReason: FinishReason = echoed.length < words.length ? 'length' : 'stop';
  const usage = { promptTokens: estimatePrompt(messages), completionTokens: echoed.length };
  return { echoed, done: { finishReason, usage } };
}
