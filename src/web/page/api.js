import { endSession, session } from './session.js';

/**
 * An error answer of the server, or a failure to reach it. The message is the first sentence of the body, in any of the
 * API's error formats. `fields` has the sentences of each body field.
 */
export class Refusal extends Error {
  constructor(status, body, limit = null) {
    const [first] = Object.values(body).flat();
    super(String(body.detail ?? body.error ?? first ?? 'Something went wrong. Please try again.'));
    this.status = status;
    this.limit = limit;
    this.fields = status === 400 && !body.detail ? body : {};
  }
}

const UNREACHABLE = { detail: 'The server cannot be reached. Check the connection and try again.' };
const ENDED = 'Your session has ended. Please log in again.';
export const BROKEN_OFF = { detail: 'The connection broke before the answer was complete.' };

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The pause before a retry: a conversation is busy for a moment after an answer was stopped. */
const BUSY_MS = 250;

/** Calls the API. Throws a `Refusal`, or an `AbortError` after `signal`. A 401 ends the session. */
export async function call(method, path, options = {}) {
  const { body, signal, accept = 'application/json', key, tries = 20 } = options;
  const token = session.get()?.token;
  const headers = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  if (body) headers['Content-Type'] = 'application/json';
  const ask = { method, headers, body: body && JSON.stringify(body), signal };
  const answer = await fetch(path, ask).catch((error) => {
    throw error.name === 'AbortError' ? error : new Refusal(0, UNREACHABLE);
  });
  if (answer.ok) return answer;
  if (answer.status === 409 && tries > 0) {
    await pause(BUSY_MS);
    return call(method, path, { ...options, tries: tries - 1 });
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && token && session.get()?.token === token) endSession(ENDED);
  throw new Refusal(answer.status, problem, answer.headers.get('Tokens-Limit'));
}

/** Calls the API and returns the JSON of its answer. */
export const ask = async (...question) => (await call(...question)).json();

const unconfirmedKeys = new Map();

/** Posts a request that must not take effect twice. A retry uses the same key. */
export async function askOnce(path, body) {
  const question = path + JSON.stringify(body);
  const key = unconfirmedKeys.get(question) ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
  unconfirmedKeys.set(question, key);
  const answer = await ask('POST', path, { body, key });
  unconfirmedKeys.delete(question);
  return answer;
}

/**
 * Returns a page of a list: `{results, next}`, where `next` is the query of the next page. The host in the API's link
 * is not used, because it may come from a proxy.
 */
export async function readPage(path, query) {
  const { results, next } = await ask('GET', path + (query ?? '?page_size=50'));
  return { results, next: next && new URL(next).search };
}

/** Yields the server-sent events of a body as `[name, content]`. Skips comments. */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      if (field('data')) yield [field('event'), JSON.parse(field('data'))];
    }
  }
}
