import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai';
import type { TestApp } from './app.js';
import type { Caller } from './client.js';

/** Returns a message of a user, as `useChat()` stores it. */
export const textOf = (text: string): UIMessage => ({
  id: text,
  role: 'user',
  parts: [{ type: 'text', text }],
});

/** Returns the hook's transport with only the URL of the service and the credential set. */
export const transportOf = ({ url }: TestApp, { token }: Caller) =>
  new DefaultChatTransport({
    api: `${url}/api/chat`,
    headers: { Authorization: `Bearer ${token}` },
  });

/** Sends messages as the hook does, and returns the answer as the AI SDK reads it. Throws errors of the stream. */
export async function converse(
  app: TestApp,
  caller: Caller,
  chatId: string,
  messages: UIMessage[],
): Promise<UIMessage> {
  const asked = { trigger: 'submit-message' as const, messageId: undefined };
  const stream = await transportOf(app, caller).sendMessages({
    ...asked,
    chatId,
    messages,
    abortSignal: undefined,
  });
  let answer: UIMessage | undefined;
  let failure: unknown;
  const onError = (error: unknown) => {
    failure = error;
  };
  for await (const state of readUIMessageStream({ stream, onError })) answer = state;
  if (failure) throw failure as Error;
  if (!answer) throw new Error('no answer');
  return answer;
}

/** Returns the caller's conversations, newest first. */
export async function conversationsOf(caller: Caller): Promise<{ id: string; title: string }[]> {
  const { body } = await caller.get('/api/conversations/');
  return (body as { results: { id: string; title: string }[] }).results;
}
