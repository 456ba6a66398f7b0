import type { Answer, Caller } from './client.js';

/** The smallest request of OpenAI's clients. */
export const hi = [{ role: 'user', content: 'hi' }];

/** Sends a request as OpenAI's clients do. `fields` are added to the smallest request, or replace its fields. */
export const complete = (
  caller: Caller,
  fields: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  caller.send('POST', '/v1/chat/completions', { model: 'echo', messages: hi, ...fields }, headers);
