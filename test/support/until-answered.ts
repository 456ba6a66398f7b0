import { expect } from '@jest/globals';
import type { Answer } from './client.js';

/** Sends a request again after each 409, as clients do while another request with the same Idempotency-Key runs. */
export async function untilAnswered(send: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const answer = await send();
    if (answer.status !== 409) return answer;
    expect(answer.headers['retry-after']).toBe('1');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('still 409 after 1000 tries');
}
