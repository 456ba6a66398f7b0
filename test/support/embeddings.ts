import { toBase64 } from '../../src/models/providers/vectors.js';
import type { Behaviour } from './upstream.js';

/** What the upstream makes of the input at a place; 32-bit floats have these numbers exactly. */
export const vectorAt = (place: number): number[] => [place + 0.5, -1.25, 3];

/** As many inputs as a request has, as OpenAI counts them. */
function countOf(input: unknown): number {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
}

/** Answers as OpenAI does, in the form that is asked for. */
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
