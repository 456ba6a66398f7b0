import type { Answer, Caller } from './client.js';

/** The least that OpenAI's clients say. */
export const hi = [{ role: 'user', content: 'hi' }];

/** Asks as OpenAI's clients do; `fields` add to the least that they send, or replace it. */
export const complete = (
  caller: Caller,
  fields: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  caller.send('POST', '/v1/chat/completions', { model: 'echo', messages: hi, ...fields }, headers);
