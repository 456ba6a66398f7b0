import { expect } from '@jest/globals';
import type { Answer, Caller } from './client.js';
import type { ProviderProbe } from './provider-probe.js';
import { until } from './until.js';

interface ListedTurn {
  readonly id: string;
  readonly message: string;
  readonly response: string;
  readonly timestamp: string;
}

/** Creates a conversation and returns its id. */
export async function openConversation(caller: Caller, settings: object = {}): Promise<string> {
  const { status, body } = await caller.send('POST', '/api/conversations/', settings);
  expect(status).toBe(201);
  return (body as { id: string }).id;
}

export function sendMessage(
  caller: Caller,
  id: string,
  message: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return caller.send('POST', `/api/conversations/${id}/messages/`, { message }, headers);
}

/** Returns the turns of a page or an export. */
export function turnsIn({ body }: Answer): ListedTurn[] {
  const { results, turns = results } = body as { results: ListedTurn[]; turns?: ListedTurn[] };
  return turns;
}

export const messagesIn = (answer: Answer) => turnsIn(answer).map(({ message }) => message);

/** Delays the provider's next answers until the returned function is called. */
export function delayAnswers(provider: ProviderProbe): () => void {
  let answerNow: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (answerNow = resolve));
  provider.delayWith(() => gate);
  return answerNow;
}

/** Resolves when the number of the provider's calls is no longer `calls`. */
export async function untilAsked(provider: ProviderProbe, calls: number): Promise<void> {
  await until(() => provider.calls !== calls);
}
