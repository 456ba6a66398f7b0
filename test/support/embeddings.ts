import { toBase64 } from '../../src/models/providers/vectors.js';
import type { Behaviour } from './upstream.js';

/** Returns the vector of the input at an index. 32-bit floats represent these numbers exactly. */
export const vectorAt = (place: number): number[] => [place + 0.5, -1.25, 3];

/** Returns the number of inputs of a request, as OpenAI counts them. */
function countOf(input: unknown): number {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
}

/** Answers as OpenAI does, in the requested form. */
export const embed: Behaviour = (call) => {
  const { input, encoding_format: form } = call.body;
  const items = Array.from({ length: countOf(input) }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: form === 'base64' ? toBase64(vectorAt(index)) : vectorAt(index),
  }));
  const usage = { prompt_tokens: 7, total_tokens: 7 };
  void answerJson({ object: 'list', data: items, model: 'its-own-name', usage })(call);
};

/** Answers with any JSON. */
export const answerJson =
  (body: object, status = 200): Behaviour =>
  (call) => {
    call.open(status, 'application/json').response.end(JSON.stringify(body));
  };
